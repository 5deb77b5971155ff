"""What words of ours add to a node: who may take it and by when, its mappings, the version it calls, what it keeps."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal, cast

from lxml.etree import _Element

from engine.bpmn.expressions import spelling_of
from engine.bpmn.findings import Findings
from engine.bpmn.net import HUMAN, Call, Event, Expression, Kind, Mappings
from engine.bpmn.reader_texts import read_expression, read_name
from engine.bpmn.tree import CL, attribute, children, descendants, id_of

_BINDINGS = ("latest", "deployment", "version", "tag")
_OUTSIDE_HOLES = re.compile(r",(?![^{]*\})")


def read_people(element: _Element, kind: Kind, findings: Findings) -> dict[str, Any]:
    """Who may take a human node, by when and how urgently; nothing for any other node."""
    if kind not in HUMAN:
        return {}
    found: dict[str, Any] = {"candidates": tuple(_candidates(element, findings))}
    for name, where in (("due", "the due time"), ("priority", "the priority")):
        text = attribute(element, name, CL)
        found[name] = read_expression(text, element, where, findings, proposal=f"no {where.removeprefix('the ')}")
    return found


def _candidates(element: _Element, findings: Findings) -> Iterator[Expression]:
    """Each role, department or person of the list; plain text is a name, `${…}` or `=…` an expression."""
    text = attribute(element, "candidates", CL)
    if text is None:
        return
    for part in [text] if spelling_of(text) == "feel" else _OUTSIDE_HOLES.split(text):
        name = part.strip()
        if name and spelling_of(name) == "plain":
            yield Expression(json.dumps(name, ensure_ascii=False))
        elif name:
            read = read_expression(name, element, "the candidates", findings, proposal="without this one")
            if read is not None:
                yield read


def read_mappings(element: _Element, way: str, findings: Findings) -> Mappings:
    """The mappings `cl:<way>` of `element` in their order, each an expression and the name that receives its value."""
    found = []
    proposal = "this mapping is left out"
    for mapping in [each for holder in children(element, "extensionElements") for each in holder]:
        if mapping.tag != f"{{{CL}}}{way}":
            continue
        source, target = attribute(mapping, "source"), attribute(mapping, "target")
        if source is None or target is None:
            message = "Expected source and target in each mapping, but one is missing."
            findings.propose("call.mapping", element, message, proposal)
            continue
        where = f"the mapping to {target!r:.80}"
        expression = read_expression(source, element, where, findings, proposal=proposal)
        name = read_name(target, element, "target of a mapping", findings, proposal=proposal)
        if expression and name:
            found.append((expression, name))
    return tuple(found)


def keeps_result(element: _Element) -> bool:
    """Whether the outputs of `element` are said to be written beside its result, not in place of it."""
    mappings = (each for holder in children(element, "extensionElements") for each in holder)
    return any(each.tag == f"{{{CL}}}output" and each.get("beside") == "true" for each in mappings)


def with_words(event: Event, definition: _Element, element: _Element, findings: Findings) -> Event:
    """`event` with what words of ours add to it: the key of its message, the variables that take what was caught.

    They stand on its `definition`, which for a receive or send task is the task; findings stand on `element`.
    """
    given: dict[str, Any] = {}
    for field in ("code_variable", "text_variable"):
        if event.kind in ("error", "escalation") and (name := attribute(definition, field, CL)) is not None:
            given[field] = read_name(name, element, f"cl:{field}", findings, proposal="it is not kept")
    if event.kind == "message" and (key := _key(definition, element, findings)) is not None:
        given["key"] = key
    return replace(event, **given) if given else event


def _key(definition: _Element, element: _Element, findings: Findings) -> Expression | None:
    """The correlation key of the message that `definition` refers to."""
    reference = attribute(definition, "messageRef")
    root = element.getroottree().getroot()
    message = next((each for each in descendants(root, "message") if id_of(each) == reference), None)
    text = None if message is None else attribute(message, "key", CL)
    return read_expression(text, element, "the key of the message", findings, proposal="no key")


def with_binding(call: Call, element: _Element, findings: Findings) -> Call:
    """`call` with the version it calls, and whether every variable goes there and comes back."""
    binding, version = attribute(element, "binding", CL), attribute(element, "version", CL)
    if binding not in _BINDINGS:
        binding = "latest" if binding is None and version is None else "version"
    if binding in ("version", "tag") and (version is None or spelling_of(version) != "plain"):
        message = f"Expected cl:version to say which {binding} is called, but it does not."
        findings.propose("call.version", element, message, "the newest version")
        binding = "latest"
    return replace(
        call,
        binding=cast(Literal["latest", "deployment", "version", "tag"], binding),
        version=version if binding in ("version", "tag") else None,
        all_in=attribute(element, "all_in", CL) == "true",
        all_out=attribute(element, "all_out", CL) == "true",
    )
