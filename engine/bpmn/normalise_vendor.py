"""The second step of an upload: what a vendor's attributes and extension elements say, moved into words of ours.

`vendor_words` is the table of the words; here is how each kind of value is carried over. A word of ours that already
stands on the element wins. What is not carried over stays where it is, for people to read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lxml.etree import QName, _Element

from engine.bpmn import normalise_mappings, normalise_zeebe
from engine.bpmn.expressions import spelling_of
from engine.bpmn.tree import CL, VENDORS, attribute, local
from engine.bpmn.vendor_words import DOCUMENTATION, WORDS, Word, family_of, fate_of

Adopted = tuple[str, str | None, str | None]

_KEPT_FORMS = ("embedded:", "app:", "deployment:", "${", "#{")  # pages of the vendor's own tasklist
_CONSTANTS = frozenset({"assignee", "due", "priority"})  # ours are expressions, theirs may be plain text
_BINDINGS = {"latest": "latest", "deployment": "deployment", "version": "version", "versionTag": "tag"}
_REPEATED = re.compile(r"\s*R(\d{1,4})/.*|\s*(\d{1,4})\s*", re.DOTALL)
_HOLE = re.compile(r"\s*[$#]\{\s*(.*?)\s*\}\s*", re.DOTALL)


def adopt(element: _Element) -> Iterator[Adopted]:
    """Moves what `element` says in a vendor's words into ours: (what, before, after) for each."""
    name = local(element)
    for key in [str(each) for each in element.attrib]:
        tag = QName(key)
        word = fate_of(tag.namespace, tag.localname, name)
        if word is DOCUMENTATION:
            continue
        value = (element.get(key) or "").strip()
        carried = _carried(element, tag.localname, word, value) if value else None
        if carried is not None and _write(element, *carried):
            before = element.attrib.pop(key)
            yield f"{VENDORS[tag.namespace or '']}:{tag.localname} as cl:{carried[0]}", str(before), carried[1]
    yield from _adopt_retries(element, name)
    yield from normalise_zeebe.adopt(element, name)
    yield from normalise_mappings.adopt(element, name)


def _write(element: _Element, ours: str, value: str) -> bool:
    """Sets a word of ours that is not there yet; candidates add up."""
    key = f"{{{CL}}}{ours}"
    there = element.get(key)
    if ours == "candidates" and there is not None:
        value = f"{there}, {value}"
    elif there is not None:
        return there == value
    element.set(key, value)
    return True


def _carried(element: _Element, theirs: str, word: Word, value: str) -> tuple[str, str] | None:
    """The word of ours and its value that a vendor's attribute becomes; None where it says nothing of use."""
    match word.ours:
        case "topic":
            return _worker(element, theirs, value)
        case "bean":
            return "bean", value.rpartition(".")[2] if theirs == "class" else _inside(value)
        case "form":
            return None if value.startswith(_KEPT_FORMS) else ("form", value)
        case "binding" | "version" | "all_in":
            return _called(theirs, value)
        case ours if ours in _CONSTANTS:
            return ours, value if spelling_of(value) != "plain" else json.dumps(value, ensure_ascii=False)
        case ours:
            return ours, value


def _worker(element: _Element, theirs: str, value: str) -> tuple[str, str] | None:
    """External work by its topic; any other type of task is a program of the engine, such as its mail sender."""
    kind = next((found for each in VENDORS if (found := attribute(element, "type", each)) is not None), "external")
    if theirs == "topic":
        return ("topic", value) if kind == "external" else None
    topic = next((found for each in VENDORS if (found := attribute(element, "topic", each)) is not None), None)
    if value == "external":
        return None if topic is None else ("topic", topic)
    return "bean", value


def _called(theirs: str, value: str) -> tuple[str, str] | None:
    """Which version of a process is called, and whether it gets every variable."""
    if theirs in ("sameDeployment", "inheritVariables"):
        ours = ("binding", "deployment") if theirs == "sameDeployment" else ("all_in", "true")
        return ours if value == "true" else None
    if theirs == "calledElementBinding":
        return ("binding", _BINDINGS[value]) if value in _BINDINGS else None
    return "version", value


def _inside(value: str) -> str:
    """The text inside the one hole of an expression, `bean` for `${bean}`; the text itself where it is none."""
    found = _HOLE.fullmatch(value)
    return found.group(1) if found else value


def _adopt_retries(element: _Element, name: str) -> Iterator[Adopted]:
    """How often failing work is tried again, where it is said as a number or a cycle with one."""
    word = WORDS["engine"]["failedJobRetryTimeCycle"]
    if not word.holds_on(name):
        return
    holders = [child for child in element if local(child) == "extensionElements"]
    for theirs in [each for holder in holders for each in holder if isinstance(each.tag, str)]:
        tag = QName(theirs)
        if family_of(tag.namespace) != "engine" or tag.localname != "failedJobRetryTimeCycle":
            continue
        found = _REPEATED.fullmatch(theirs.text or "")
        if found and _write(element, "retries", found.group(1) or found.group(2)):
            normalise_mappings.remove(theirs)
            yield f"{VENDORS[tag.namespace or '']}:{tag.localname} as cl:retries", theirs.text, found.group(0).strip()
