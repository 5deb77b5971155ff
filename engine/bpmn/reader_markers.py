"""Markers of activities and gateways beside the multi-instance: standard loops, ad-hoc sub-processes, activations.

Source: BPMN 2.0.2, 13.3.5, 13.3.6 and 13.4.5.
"""

from __future__ import annotations

from lxml.etree import _Element

from engine.bpmn.findings import Findings
from engine.bpmn.net import AdHoc, Expression, StandardLoop
from engine.bpmn.reader_texts import read_stated
from engine.bpmn.tree import attribute, children, local, text_of

PROPOSED_ROUNDS = 2
MOST_ROUNDS = 10_000


def read_loop(element: _Element, findings: Findings) -> StandardLoop | None:
    """The standard loop of an activity, None where it has none."""
    loop = next(children(element, "standardLoopCharacteristics"), None)
    if loop is None:
        return None
    proposal = f"{PROPOSED_ROUNDS} rounds"
    stated = next(children(loop, "loopCondition"), None)
    condition = None
    if stated is not None:
        condition = read_stated(stated, element, "the loop condition", findings, proposal, boolean=True)
    most = _most(attribute(loop, "loopMaximum"), element, findings)
    if condition is None and most is None and text_of(stated):
        most = PROPOSED_ROUNDS
    elif condition is None and most is None:
        message = "Expected a condition or a maximum, so that the loop ends, but it has neither."
        findings.propose("loop.no_condition", element, message, proposal, rounds=PROPOSED_ROUNDS)
        most = PROPOSED_ROUNDS
    return StandardLoop(condition, loop.get("testBefore") == "true", most)


def _most(text: str | None, element: _Element, findings: Findings) -> int | None:
    if text is None:
        return None
    if text.isdecimal() and 0 < int(text[:9]) <= MOST_ROUNDS and len(text) < 9:
        return int(text)
    message = f"Expected a whole number from 1 to {MOST_ROUNDS} as maximum of the loop, but it is {text!r:.40}."
    findings.propose("loop.most", element, message, "no maximum of its own", most=MOST_ROUNDS, found=text[:40])
    return None


def read_adhoc(element: _Element, findings: Findings) -> AdHoc | None:
    """The ad-hoc marker of a sub-process, None where it is none."""
    if local(element) != "adHocSubProcess":
        return None
    stated = next(children(element, "completionCondition"), None)
    return AdHoc(
        sequential=(attribute(element, "ordering") or "").lower() == "sequential",
        completion=None
        if stated is None
        else read_stated(stated, element, "the completion condition", findings, "each is done once", boolean=True),
        cancel_rest=element.get("cancelRemainingInstances") != "false",
    )


def read_activation(element: _Element, findings: Findings) -> Expression | None:
    """When a complex gateway has enough tokens; None where it needs one from each way in."""
    stated = next(children(element, "activationCondition"), None)
    if stated is None:
        return None
    proposal = "a token from each way in"
    return read_stated(stated, element, "the activation condition", findings, proposal, boolean=True)
