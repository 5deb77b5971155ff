"""What a file says in other people's words: kept as it is for people to read, and said to do nothing here."""

from __future__ import annotations

from collections.abc import Mapping

from lxml.etree import QName, _Element, tostring

from engine.bpmn.findings import Findings
from engine.bpmn.reader_draft import Draft
from engine.bpmn.tree import CL, VENDORS, children, id_of

EXTENSION_ELEMENTS = "extensionElements"
_MOST_KEPT = 20_000  # characters of one element's extension trees


def read_extensions(draft: Draft, findings: Findings) -> Mapping[str, Mapping[str, str]]:
    """The foreign attributes and extension trees of the process, its nodes and its flows, by element id."""
    kept: dict[str, Mapping[str, str]] = {}
    elements = [draft.process, *draft.elements.values()]
    elements += [flow for scope in draft.scopes for flow in children(scope.element, "sequenceFlow")]
    for element in elements:
        foreign = {
            str(name): str(value)
            for name, value in element.attrib.items()
            if str(name).startswith("{") and QName(str(name)).namespace != CL
        }
        trees = [each for holder in children(element, EXTENSION_ELEMENTS) for each in holder if _is_foreign(each)]
        _note_ignored(element, foreign, trees, findings)
        if trees:
            foreign[EXTENSION_ELEMENTS] = "".join(
                tostring(each, encoding="unicode", with_tail=False) for each in trees
            )[:_MOST_KEPT]
        if foreign:
            kept[id_of(element)] = foreign
    return kept


def _is_foreign(element: _Element) -> bool:
    return QName(element).namespace != CL


def _note_ignored(element: _Element, foreign: Mapping[str, str], trees: list[_Element], findings: Findings) -> None:
    """Says which words of an engine's vendor stand on `element` without effect."""
    names = [QName(name) for name in foreign] + [QName(each) for each in trees]
    ignored = sorted({f"{VENDORS[name.namespace]}:{name.localname}" for name in names if name.namespace in VENDORS})
    if ignored:
        message = f"Kept for people to read, without effect here: {', '.join(ignored):.500}."
        findings.add("vendor.without_effect", "warning", element, message, names=", ".join(ignored)[:500])
