"""What jBPM says of a human task in its data inputs: who may take it and how urgent it is, written in words of ours.

jBPM assigns constants, or `#{…}`, to inputs with agreed names; they are read, never evaluated, here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from lxml.etree import _Element

from engine.bpmn.expressions import spelling_of
from engine.bpmn.tree import CL, attribute, children, descendants, id_of, text_of

Adopted = tuple[str, str | None, str | None]

_INPUTS = {"GroupId": "candidates", "ActorId": "assignee", "Priority": "priority"}


def adopt(element: _Element, name: str) -> Iterator[Adopted]:
    """Writes what the agreed inputs of a human task are assigned in words of ours: (what, before, after) for each."""
    if name != "userTask":
        return
    inputs = {id_of(each): attribute(each, "name") or "" for each in descendants(element, "dataInput")}
    for association in list(children(element, "dataInputAssociation")):
        for assignment in list(children(association, "assignment")):
            said = inputs.get(text_of(next(children(assignment, "to"), None)), "")
            value = text_of(next(children(assignment, "from"), None))
            ours = _INPUTS.get(said)
            if ours is None or not value or element.get(f"{{{CL}}}{ours}") is not None:
                continue
            plain = spelling_of(value) == "plain"
            after = json.dumps(value, ensure_ascii=False) if plain and ours != "candidates" else value
            element.set(f"{{{CL}}}{ours}", after)
            association.remove(assignment)
            yield f"dataInputAssociation {said} as cl:{ours}", value, after
        if next(children(association, "assignment", "sourceRef", "transformation"), None) is None:
            element.remove(association)
