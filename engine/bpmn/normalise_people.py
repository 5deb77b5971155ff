"""Who may do a task, as the standard writes it, in our words: a performer is the assignee, an owner a candidate.

Source: BPMN 2.0.2, 10.3.1 (resource roles) and 13.3.3; `user(a), group(b)` is how other engines list them in the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lxml.etree import _Element

from engine.bpmn.expressions import spelling_of
from engine.bpmn.tree import CL, attribute, children, id_of, local, text_of

Adopted = tuple[str, str | None, str | None]

_OURS = {"humanPerformer": "assignee", "performer": "assignee", "potentialOwner": "candidates"}
_NAMED = re.compile(r"(?:user|group)\(([^()]*)\)")


def adopt(element: _Element, name: str) -> Iterator[Adopted]:
    """Writes the resource roles of a user or manual task as our attributes: (what, before, after) for each."""
    if name not in ("userTask", "manualTask", "task"):
        return
    for role in children(element, *_OURS):
        word = _OURS[local(role)]
        text = _text(role)
        if not text or element.get(f"{{{CL}}}{word}") is not None:
            continue
        after = ",".join(part.strip() for part in _NAMED.findall(text)) or text
        if word == "assignee" and spelling_of(after) == "plain":
            after = json.dumps(after, ensure_ascii=False)
        element.set(f"{{{CL}}}{word}", after)
        yield f"{local(role)} as cl:{word}", text, after


def _text(role: _Element) -> str:
    """The expression of a role, else the name of the resource it refers to."""
    for each in role.iter("{*}formalExpression", "{*}expression"):
        if text := text_of(each):
            return text
    reference = text_of(next(children(role, "resourceRef"), None)).rpartition(":")[2]
    for resource in children(role.getroottree().getroot(), "resource"):
        if reference and id_of(resource) == reference:
            return attribute(resource, "name") or ""
    return ""
