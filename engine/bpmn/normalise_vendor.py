"""Simple vendor attributes and mappings in our words; everything else of a vendor stays for people to read."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lxml.etree import QName, SubElement, _Element

from engine.bpmn.expressions import spelling_of
from engine.bpmn.tree import CL, VENDORS, attribute, local

Adopted = tuple[str, str | None, str | None]

_ON_LOOPS = {"collection": "collection", "elementVariable": "element"}
_ON_HUMANS = {"assignee": "assignee", "formKey": "form"}
_KEPT_FORMS = ("embedded:", "app:", "deployment:", "${", "#{")  # pages of the vendor's own tasklist


def adopt(element: _Element) -> Iterator[Adopted]:
    """Writes what `element` says in a vendor's words in ours: (what, before, after) for each."""
    name = local(element)
    if name == "multiInstanceLoopCharacteristics":
        yield from _adopt_attributes(element, _ON_LOOPS)
    elif name in ("userTask", "startEvent"):
        yield from _adopt_attributes(element, _ON_HUMANS)
    elif name == "callActivity":
        yield from _adopt_mappings(element)


def _adopt_attributes(element: _Element, words: dict[str, str]) -> Iterator[Adopted]:
    for namespace, vendor in VENDORS.items():
        for theirs, ours in words.items():
            value = attribute(element, theirs, namespace)
            if value is None or element.get(f"{{{CL}}}{ours}") is not None:
                continue
            if ours == "form" and value.startswith(_KEPT_FORMS):
                continue
            after = _as_expression(value) if ours == "assignee" else value
            element.set(f"{{{CL}}}{ours}", after)
            yield f"{vendor}:{theirs} as cl:{ours}", value, after


def _as_expression(value: str) -> str:
    """The expression for a vendor's attribute whose plain text is a constant."""
    return value if spelling_of(value) == "juel" else json.dumps(value, ensure_ascii=False)


def _adopt_mappings(call: _Element) -> Iterator[Adopted]:
    """Turns `in` and `out` with a source and a target into ours, keeping their order."""
    for extensions in [child for child in call if local(child) == "extensionElements"]:
        for theirs in list(extensions):
            tag = QName(theirs)
            vendor = VENDORS.get(tag.namespace or "")
            source = attribute(theirs, "source") or attribute(theirs, "sourceExpression")
            target = attribute(theirs, "target")
            if not vendor or tag.localname not in ("in", "out") or not source or not target:
                continue
            ours = SubElement(extensions, f"{{{CL}}}{tag.localname}", source=source, target=target)
            ours.tail = theirs.tail
            extensions.replace(theirs, ours)
            yield f"{vendor}:{tag.localname} as cl:{tag.localname}", source, f"{source} -> {target}"
