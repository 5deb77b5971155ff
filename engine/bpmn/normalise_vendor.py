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
_ZEEBE = next(namespace for namespace, vendor in VENDORS.items() if vendor == "zeebe")
_ON_ZEEBE_LOOPS = {
    "inputCollection": "collection",
    "inputElement": "element",
    "outputCollection": "output_collection",
    "outputElement": "output_element",
}
_KEPT_FORMS = ("embedded:", "app:", "deployment:", "${", "#{")  # pages of the vendor's own tasklist


def adopt(element: _Element) -> Iterator[Adopted]:
    """Writes what `element` says in a vendor's words in ours: (what, before, after) for each."""
    name = local(element)
    if name == "multiInstanceLoopCharacteristics":
        yield from _adopt_attributes(element, _ON_LOOPS)
        yield from _adopt_zeebe_loop(element)
    elif name in ("userTask", "startEvent"):
        yield from _adopt_attributes(element, _ON_HUMANS)
    elif name == "callActivity":
        yield from _adopt_mappings(element)
        yield from _adopt_zeebe_call(element)


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


def _zeebe(element: _Element, name: str) -> Iterator[_Element]:
    for extensions in [child for child in element if local(child) == "extensionElements"]:
        yield from extensions.iter(f"{{{_ZEEBE}}}{name}")


def _adopt_zeebe_loop(loop: _Element) -> Iterator[Adopted]:
    """Takes over what Zeebe says of a multi-instance; its output element is a FEEL text, ours the name in it."""
    for theirs in _zeebe(loop, "loopCharacteristics"):
        for word, ours in _ON_ZEEBE_LOOPS.items():
            value = attribute(theirs, word)
            if value is None or loop.get(f"{{{CL}}}{ours}") is not None:
                continue
            after = value.removeprefix("=").strip() if ours == "output_element" else value
            loop.set(f"{{{CL}}}{ours}", after)
            yield f"zeebe:{word} as cl:{ours}", value, after


def _adopt_zeebe_call(call: _Element) -> Iterator[Adopted]:
    """Takes over the called process of Zeebe, and the mappings whose source is FEEL and whose target is one name."""
    for called in list(_zeebe(call, "calledElement")):
        process = attribute(called, "processId")
        if process and call.get("calledElement") is None:
            call.set("calledElement", process)
            yield "zeebe:processId as calledElement", process, process
    for theirs, ours in (("input", "in"), ("output", "out")):
        for mapping in list(_zeebe(call, theirs)):
            source, target = attribute(mapping, "source") or "", attribute(mapping, "target") or ""
            if not source.startswith("=") or not target.isidentifier():
                continue
            extensions = next(child for child in call if local(child) == "extensionElements")
            SubElement(extensions, f"{{{CL}}}{ours}", source=source, target=target)
            holder = mapping.getparent()
            assert holder is not None
            holder.remove(mapping)
            yield f"zeebe:{theirs} as cl:{ours}", source, f"{source} -> {target}"
