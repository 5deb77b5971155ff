"""What a file says in other people's words: kept as it is for people to read, and said to do nothing here."""

from __future__ import annotations

from collections.abc import Mapping

from lxml.etree import QName, _Element, tostring

from engine.bpmn.findings import Findings
from engine.bpmn.reader_draft import Draft
from engine.bpmn.tree import CL, EVENT_DEFINITIONS, VENDORS, children, id_of, local
from engine.bpmn.vendor_words import NOT_RUN

EXTENSION_ELEMENTS = "extensionElements"
PARTS = EVENT_DEFINITIONS | {"multiInstanceLoopCharacteristics", "standardLoopCharacteristics"}
"""The elements inside a node that may carry words of a vendor themselves."""
MOST_TOLD = 500  # characters of a list of words
_MOST_KEPT = 20_000  # characters of one element's extension trees


def read_extensions(draft: Draft, findings: Findings) -> Mapping[str, Mapping[str, str]]:
    """The foreign attributes and extension trees of the process, its nodes and its flows, by element id."""
    kept: dict[str, Mapping[str, str]] = {}
    elements = [draft.process, *draft.elements.values()]
    elements += [flow for scope in draft.scopes for flow in children(scope.element, "sequenceFlow")]
    elements += [part for node in draft.elements.values() for part in children(node, *PARTS)]
    for element in elements:
        _keep(element, kept, findings)
    return kept


def note_foreign_words(root: _Element, findings: Findings) -> None:
    """Says which words of an engine stand without effect on the file and on what it declares beside its processes."""
    for element in (root, *(each for top in children(root) if local(top) != "process" for each in (top, *top))):
        if local(element):
            _keep(element, {}, findings)


def _keep(element: _Element, kept: dict[str, Mapping[str, str]], findings: Findings) -> None:
    foreign = {
        str(name): str(value)
        for name, value in element.attrib.items()
        if str(name).startswith("{") and QName(str(name)).namespace != CL
    }
    trees = [each for holder in children(element, EXTENSION_ELEMENTS) for each in holder if _is_foreign(each)]
    _note_ignored(element, foreign, trees, findings)
    if trees:
        foreign[EXTENSION_ELEMENTS] = "".join(tostring(each, encoding="unicode", with_tail=False) for each in trees)[
            :_MOST_KEPT
        ]
    if foreign:
        kept[id_of(element)] = foreign


def _is_foreign(element: _Element) -> bool:
    return QName(element).namespace != CL


def _note_ignored(element: _Element, foreign: Mapping[str, str], trees: list[_Element], findings: Findings) -> None:
    """Says which words of an engine's vendor stand on `element` without effect."""
    names = [QName(name) for name in foreign] + [QName(each) for each in trees]
    words = {name.localname: VENDORS[name.namespace] for name in names if name.namespace in VENDORS}
    if local(element) == "callActivity":  # its mappings are asked about one by one
        words = {word: vendor for word, vendor in words.items() if word not in ("in", "out")}
    if told := _told(words, run=True):
        proposal = "it stays without effect"
        message = f"Expected words of ours for what runs, but {told} runs in another engine only. Proposed: {proposal}."
        findings.add("vendor.not_run", "warning", element, message, question=True, proposal=proposal, names=told)
    if told := _told(words, run=False):
        message = f"Kept for people to read, without effect here: {told}."
        findings.add("vendor.without_effect", "warning", element, message, names=told)


def _told(words: Mapping[str, str], *, run: bool) -> str:
    return ", ".join(sorted(f"{vendor}:{word}" for word, vendor in words.items() if (word in NOT_RUN) is run))[
        :MOST_TOLD
    ]
