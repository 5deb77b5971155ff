"""Bench `proof`: its drawings are what it says, and both proofs of them really run."""

from __future__ import annotations

import pytest

from engine.bench.proof import NODES, drawn
from engine.bpmn.proof import prove_both

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("seed", range(4))
def test_drawing_of_the_bench_has_as_many_nodes_and_is_sound(seed: int) -> None:
    """What is measured is a drawing of the promised size in which nothing gets stuck."""
    net = drawn(seed)
    assert NODES <= len(net.nodes) <= NODES + 20
    assert drawn(seed) == net
    proofs = prove_both(net)
    assert {found.rule for found in proofs["plain"].findings} <= {"proof.cl_09_undefined", "proof.cl_10_no_way"}
    assert proofs["loop"].markings == proofs["plain"].markings > 0
