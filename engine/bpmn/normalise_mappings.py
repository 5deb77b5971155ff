"""Vendors' data mappings in ours: `cl:in` and `cl:out` on calls, `cl:input` and `cl:output` on every other node.

A mapping whose source is a program, or a structure that our expressions cannot write, stays for people to read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from lxml.etree import QName, SubElement, _Element

from engine.bpmn.expressions import spelling_of
from engine.bpmn.tree import CL, VENDORS, attribute, local
from engine.bpmn.vendor_words import family_of

Adopted = tuple[str, str | None, str | None]

_CALLS = {"in": "in", "out": "out"}
_NODES = {"inputParameter": "input", "outputParameter": "output"}
_ZEEBE = {"input": "input", "output": "output"}
_ON_CALLS = {"input": "in", "output": "out", "in": "in", "out": "out"}


def adopt(element: _Element, name: str) -> Iterator[Adopted]:
    """Turns the mappings of `element` into ours, in their order: (what, before, after) for each."""
    for holder in [child for child in element if local(child) == "extensionElements"]:
        around = [each for each in holder.iter("{*}inputOutput", "{*}ioMapping") if QName(each).namespace in VENDORS]
        for theirs in [each for each in holder.iter("{*}*") if QName(each).namespace in VENDORS]:
            yield from _adopt_mapping(element, name, holder, theirs)
        for emptied in [each for each in around if each.getparent() is None]:
            yield f"{_said(emptied)} as its mappings", None, None


def _adopt_mapping(element: _Element, name: str, holder: _Element, theirs: _Element) -> Iterator[Adopted]:
    tag = QName(theirs)
    on_call = name == "callActivity"
    zeebe = family_of(tag.namespace) == "zeebe"
    ours = (_ZEEBE if zeebe else _CALLS | _NODES if on_call else _NODES).get(tag.localname)
    if ours is None or not _belongs(theirs, holder):
        return
    ours = _ON_CALLS[ours] if on_call and (zeebe or tag.localname in _CALLS) else ours
    if tag.localname in _CALLS and attribute(theirs, "variables") == "all":
        if element.get(f"{{{CL}}}all_{ours}") is None:
            element.set(f"{{{CL}}}all_{ours}", "true")
            remove(theirs)
            yield f"{_said(theirs)} as cl:all_{ours}", "all", "true"
        return
    source, target = _source(theirs, zeebe), attribute(theirs, "target") or attribute(theirs, "name")
    if source is None or target is None or not _is_name(target):
        return
    made = SubElement(holder, f"{{{CL}}}{ours}", source=source, target=target)
    if tag.localname == "outputParameter":
        made.set("beside", "true")  # engines of the Camunda 7 family write what a task gave as well
    _replace(theirs, made, holder)
    yield f"{_said(theirs)} as cl:{ours}", source, f"{source} -> {target}"


def _belongs(theirs: _Element, holder: _Element) -> bool:
    """Whether a mapping is that of the node itself, not of a connector or a listener inside its extensions."""
    around = theirs.getparent()
    while around is not None and around is not holder:
        if QName(around).localname not in ("inputOutput", "ioMapping"):
            return False
        around = around.getparent()
    return True


def _source(theirs: _Element, zeebe: bool) -> str | None:
    """The expression of a mapping in a spelling of ours; None where it has none."""
    if (given := attribute(theirs, "source") or attribute(theirs, "sourceExpression")) is not None:
        return given if not zeebe or given.startswith("=") else json.dumps(given, ensure_ascii=False)
    if zeebe or QName(theirs).localname in _CALLS:
        return None
    inside = [each for each in theirs if isinstance(each.tag, str)]
    if not inside:
        return _constant((theirs.text or "").strip())
    if len(inside) == 1 and QName(inside[0]).localname == "list":
        items = [(each.text or "").strip() for each in inside[0] if QName(each).localname == "value"]
        if len(items) == len(inside[0]) and all(spelling_of(item) == "plain" for item in items):
            return json.dumps(items, ensure_ascii=False)
    return None


def _constant(text: str) -> str | None:
    """A parameter's text as an expression: a number stays one, any other plain text is a constant."""
    if spelling_of(text) == "juel":
        return text
    return text if text.isdecimal() else json.dumps(text, ensure_ascii=False)


def _is_name(target: str) -> bool:
    return target.isidentifier() and not target.startswith("_")


def _said(theirs: _Element) -> str:
    tag = QName(theirs)
    return f"{VENDORS[tag.namespace or '']}:{tag.localname}"


def _replace(theirs: _Element, made: _Element, holder: _Element) -> None:
    """Puts our mapping where theirs stood, directly in the extension elements, in the same order."""
    if theirs.getparent() is holder:
        made.tail = theirs.tail
        holder.replace(theirs, made)
    else:
        remove(theirs)


def remove(theirs: _Element) -> None:
    """Takes an element that was carried over out of the tree, and what held only such ones with it."""
    around = theirs.getparent()
    assert around is not None
    around.remove(theirs)
    if QName(around).namespace in VENDORS and not len(around) and not around.attrib:
        remove(around)
