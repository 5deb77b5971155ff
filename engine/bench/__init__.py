"""The benches: what is measured against which goal, and in which shape the answer comes.

Every bench measures its own baseline in the same run, so a busy machine slows both sides and the ratio stays. A bench
is no timed test: nothing in the test suite fails because the machine was slow. Goals are those of performance.md.
"""

from __future__ import annotations

from importlib import import_module
from inspect import signature
from types import MappingProxyType
from typing import Any

from engine.bench.result import Result
from engine.errors import NotFound, Rejected

BENCHES = MappingProxyType(
    {
        "game": "completions in memory against SpiffWorkflow, and growth over 10,000 rework rounds (G1, G5)",
        "complete": "durable completion through the services against raw one-row commits, and bytes on disk (G2, G9)",
        "http": "completion over HTTP against an empty route, latency at a fixed rate, 200 open boards (G4)",
        "feel": "cases of the DMN TCK that give the expected value, and evaluations per second",
        "census": "things of the real files that have a fate, counted by another library",
        "proof": "the closed-loop proof of drawings with 100 nodes, as a loop and as a plain process, in CPU seconds",
        "hostile": "hostile files in the child of the check: executed, over its limits, not named, publishable",
        "reload": "processes of the real files that go on alike with their state saved and read again at each wait",
        "import": "files of other tools that run, ask or are refused, and that a dry run brings to an end",
        "check": "the answer to an upload of a hundred elements, plain and with remarks and a picture",
        "second_opinion": "faults put into nets that our reader made, and false alarms, over real files",
        "peers": "the engine step with its rows against SpiffWorkflow saved as JSON, and other engines' figures",
    }
)
"""Name and purpose of every bench; each is the module of that name, or of `_MODULES`, with a function `run`."""
_MODULES = {"import": "importing"}


def run_bench(name: str, **options: Any) -> Result:
    """What the bench `name` measured just now; `options` are those of its `run`.

    Raises: NotFound (`bench.unknown`), Rejected (`bench.option`).
    """
    if name not in BENCHES:
        raise NotFound("bench.unknown", f"Expected one of {', '.join(BENCHES)}, but got {name!r}.", name=name)
    run = import_module(f"engine.bench.{_MODULES.get(name, name)}").run
    if unknown := sorted(options.keys() - signature(run).parameters):
        raise Rejected("bench.option", f"Expected no option {unknown[0]}, but {name} was given one.", name=unknown[0])
    result: Result = run(**options)
    return result


__all__ = ["BENCHES", "Result", "run_bench"]
