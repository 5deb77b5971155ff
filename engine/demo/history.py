"""The weeks before the demo's day: the same script, a few incidents a day, every loop closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from engine.demo.day import Day, Scene, build_day

A_DAY = 4
"""Incidents of an ordinary day."""


def history_days(today: date, days: int) -> list[Day]:
    """The scripts of the days before `today`, oldest first.

    Every day takes the next scenes of the script in turn, so that the weeks hold every type of event.
    """
    made = []
    for back in range(days - 1, 0, -1):
        script = build_day(today - timedelta(days=back))
        first = (days - 1 - back) * A_DAY
        wanted = {(first + place) % len(script.scenes) for place in range(A_DAY)}
        scenes = tuple(_closing(scene) for place, scene in enumerate(script.scenes) if place in wanted)
        made.append(replace(script, begins_at=scenes[0].arrival.at, scenes=scenes, others=()))
    return made


def _closing(scene: Scene) -> Scene:
    """The scene with nothing left open."""
    return replace(scene, orders=tuple(replace(order, waits_at=None) for order in scene.orders))
