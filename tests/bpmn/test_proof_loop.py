"""CL-01: an order that is issued is fed back on, verified, evaluated and closed on every path."""

from __future__ import annotations

import pytest

from engine.bpmn.proof import Proof
from tests.bpmn.proof_cases import LOOPS, proof_of_shipped

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("process", LOOPS)
def test_shipped_loop_is_proved(process: str) -> None:
    """What travels with the engine closes its loops on every path, within the bound."""
    proof = proof_of_shipped(process)
    assert proof.proved, proof.findings
    assert proof.complete
    assert proof.rules[0].verdict == "passed"


def test_certificate_comes_back_from_json_as_it_was() -> None:
    """What is stored with a version is the whole proof."""
    proof = proof_of_shipped("hotline_request")
    assert Proof.from_json(proof.to_json()).to_json() == proof.to_json()
    assert set(proof.digests) == set(LOOPS)
