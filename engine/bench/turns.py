"""How durable workloads are played: some instances at a time, each node for all of them, in turns with a baseline."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from engine.bench import reference

Id = TypeVar("Id")

TURNS = 7
"""We and the baseline run in turns, so that whatever else the machine does hits both."""
INSTANCES = 60
"""Instances in a turn of ours."""


def play(start: Callable[[], Id], complete: Callable[[Id, str], float], instances: int = INSTANCES) -> list[float]:
    """Seconds of each completion of that many new instances, each node for all of them before the next."""
    started = [start() for _ in range(instances)]
    return [complete(instance, node) for node in reference.HAPPY_PATH for instance in started]
