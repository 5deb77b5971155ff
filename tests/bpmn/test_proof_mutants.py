"""Every mutant of a shipped loop that a dry run cannot play to its end is refused by the proof: no false pass."""

from __future__ import annotations

import pytest

from engine.bpmn.net import Call, Net
from engine.bpmn.proof import prove
from tests.bpmn.loop_mutants import is_broken, mutants, net_or_none
from tests.bpmn.proof_cases import LOOPS, forms_of, library

SAMPLED = 11  # every so many mutants in the default tier; all of them in the long one


def _passes_falsely(process: str, every: int) -> list[str]:
    """The mutants that are proved although a dry run of them fails."""
    passed, judged = [], 0
    for number, (name, content) in enumerate(mutants(process)):
        net = net_or_none(content, process) if number % every == 0 else None
        if net is None:
            continue

        def net_of(id: str, call: Call | None, own: Net = net) -> Net | None:
            return own if id == process else library(id, call)

        fails = is_broken(net, process)
        judged += 1
        if fails is not None and prove(net, "loop", net_of=net_of, forms_of=forms_of).proved:
            passed.append(f"{name}: {fails}")
    assert judged > 0
    return passed


@pytest.mark.parametrize("process", LOOPS)
def test_broken_mutant_of_a_shipped_loop_is_refused(process: str) -> None:
    """A node or flow deleted, a gateway of another kind: what no longer closes is never certified (a sample)."""
    assert _passes_falsely(process, SAMPLED) == []


@pytest.mark.long
@pytest.mark.parametrize("process", LOOPS)
def test_every_broken_mutant_of_a_shipped_loop_is_refused(process: str) -> None:
    """The same for all 261 mutants."""
    assert _passes_falsely(process, 1) == []
