"""Drawings for the tests of the proof, and the shipped loops with what they call."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from engine import shipped
from engine.bpmn.check import check
from engine.bpmn.net import Call, Net
from engine.bpmn.proof import Proof, prove
from engine.services.definitions import read_source
from tests.bpmn.drawing import net_of

LOOPS = ("closed_loop_command", "incident_response", "hotline_request")


@cache
def shipped_net(process: str) -> Net:
    """The net of a shipped loop."""
    return check(read_source(shipped.path("processes") / "loops" / process).content).nets[process]


@cache
def shipped_forms(process: str) -> Mapping[str, Any]:
    """The forms of a shipped loop."""
    return read_source(shipped.path("processes") / "loops" / process).forms


def library(process: str, call: Call | None) -> Net | None:
    """The shipped loops by their id."""
    return shipped_net(process) if process in LOOPS else None


def forms_of(process: str) -> Mapping[str, Any]:
    """The forms of the shipped loops; of other processes none."""
    return shipped_forms(process) if process in LOOPS else {}


def proof_of_shipped(process: str, kind: Any = "loop") -> Proof:
    """The certificate of a shipped loop."""
    return prove(shipped_net(process), kind, net_of=library, forms_of=forms_of)


def plain(inside: str, beside: str = "") -> Proof:
    """The certificate of a drawing as a plain process."""
    return prove(net_of(inside, beside), "plain")
