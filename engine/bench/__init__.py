"""The benches: what is measured against which goal, and in which shape the answer comes.

Every bench measures its own baseline in the same run, so a busy machine slows both sides and the ratio stays. A bench
is no timed test: nothing in the test suite fails because the machine was slow. Goals are those of performance.md.
"""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType

from engine.bench.result import Result
from engine.errors import NotFound

BENCHES = MappingProxyType(
    {
        "game": "completions in memory against SpiffWorkflow, and growth over 10,000 rework rounds (G1, G5)",
        "complete": "durable completion through the services against raw one-row commits, and bytes on disk (G2, G9)",
        "http": "completion over HTTP against an empty route, latency at a fixed rate, 200 open boards (G4)",
        "feel": "cases of the DMN TCK that give the expected value, and evaluations per second",
        "census": "things of the real files that have a fate, counted by another library",
        "hostile": "hostile files in the child of the check: executed, over its limits, not named, publishable",
        "reload": "processes of the real files that go on alike with their state saved and read again at each wait",
        "peers": "the engine step with its rows against SpiffWorkflow saved as JSON, and other engines' figures",
    }
)
"""Name and purpose of every bench; each is the module of that name with a function `run`."""


def run_bench(name: str) -> Result:
    """What the bench `name` measured just now. Raises: NotFound (`bench.unknown`)."""
    if name not in BENCHES:
        raise NotFound("bench.unknown", f"Expected one of {', '.join(BENCHES)}, but got {name!r}.", name=name)
    result: Result = import_module(f"engine.bench.{name}").run()
    return result


__all__ = ["BENCHES", "Result", "run_bench"]
