"""What became of each thing of a file: executed, rewritten, kept as documentation, asked about, or refused.

A fate is given for a reason: the net holds it, a change or a finding names it, or it is a word of no engine. What none
of them accounts for is asked about, so that nothing is lost in silence. An independent census over all real files
holds that there is no such thing in them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lxml.etree import _Element

from engine.bpmn.findings import Finding
from engine.bpmn.inventory import Thing, ThingKind
from engine.bpmn.net import Event, Net, expressions_in
from engine.bpmn.normalise import Change
from engine.bpmn.reader_extensions import MOST_TOLD
from engine.bpmn.tree import FLOW_NODES, VENDORS, attribute, children, descendants, id_of, local, text_of

FateWord = Literal["executed", "rewritten", "documentation", "asked", "refused"]
FATES: tuple[FateWord, ...] = ("executed", "rewritten", "documentation", "asked", "refused")

_KEEPING = frozenset({"kept_as_documentation", "flow.default_condition"})
_OF_PARTS = _KEEPING | {"vendor.not_run", "data.computed"}
"""Rules that say something of a part of a node or flow, while the whole is read as it stands."""
_REWRITING = frozenset({"timer.once"})
_FOREIGN = ("vendor.not_run", "vendor.without_effect")
_EVENT_KINDS = {"compensate": "compensation"}


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one thing; `detail` says why, or into what it was rewritten."""

    element: str
    path: str
    line: int
    kind: ThingKind
    name: str
    fate: FateWord
    detail: str = ""


Verdict = tuple[FateWord, str]
UNKNOWN = "fate.none"
"""The rule of the question about what nothing of ours accounts for."""
_LONGEST = 300


def fates_of(
    things: Iterable[Thing], nets: Mapping[str, Net], changes: Iterable[Change], findings: Iterable[Finding]
) -> tuple[Fate, ...]:
    """The fate of each of `things`, by the changes, the nets and the findings of the file they were noted in."""
    court = _Court(nets, changes, findings)
    return tuple(
        Fate(id_of(thing.owner), thing.path, thing.line, thing.kind, thing.name, *_verdict(court, thing))
        for thing in things
    )


def _verdict(court: _Court, thing: Thing) -> Verdict:
    return court.judge(thing) or ("asked", UNKNOWN)


def unknown_things(fates: Iterable[Fate]) -> list[Finding]:
    """The question for each element of which something is not understood."""
    by_element: dict[str, list[Fate]] = {}
    for fate in fates:
        if fate.detail == UNKNOWN:
            by_element.setdefault(fate.element, []).append(fate)
    return [_question(element, found) for element, found in by_element.items()]


def _question(element: str, found: list[Fate]) -> Finding:
    names = ", ".join(dict.fromkeys(fate.name.rpartition("}")[2] for fate in found))[:_LONGEST]
    message = f"Expected to know what becomes of {names}, but nothing here reads it. Proposed: it stays without effect."
    key = f"{UNKNOWN}@{element}"
    params = {"names": names}
    return Finding(
        UNKNOWN, "warning", element or None, found[0].line, message, True, params, "it stays without effect", key
    )


def count_fates(fates: Iterable[Fate]) -> dict[str, int]:
    """How many things met each fate."""
    counted = Counter(fate.fate for fate in fates)
    return {word: counted[word] for word in FATES}


class _Court:
    """Everything a verdict is found in, by element id."""

    def __init__(self, nets: Mapping[str, Net], changes: Iterable[Change], findings: Iterable[Finding]) -> None:
        self.nodes = {node.id: node for net in nets.values() for node in net.nodes}
        self.flows = {flow.id: flow for net in nets.values() for flow in net.flows}
        self.changes: dict[str, list[Change]] = {}
        for change in changes:
            self.changes.setdefault(change.element, []).append(change)
        self.findings: dict[str | int | None, list[Finding]] = {}
        for finding in findings:
            self.findings.setdefault(finding.element or finding.line, []).append(finding)
        self.vendor_elements: dict[_Element, Verdict | None] = {}

    def judge(self, thing: Thing) -> Verdict | None:
        """The fate of `thing` and why; None where nothing accounts for it."""
        match thing.kind:
            case "node":
                return self.node(thing.element)
            case "flow":
                return self.flow(thing.element)
            case "element" | "attribute":
                return self.vendor_word(thing)
        if (around := self._vendor_around(thing.element)) is not None:
            return self.vendor_elements[around]
        return self.event(thing) if thing.kind == "event" else self.expression(thing)

    def node(self, element: _Element) -> Verdict | None:
        """The fate of a flow node."""
        if (said := self._said_of_whole(element)) is not None:
            return said
        node = self.nodes.get(id_of(element))
        if node is not None:
            if any(local(each) == "linkEventDefinition" for each in element):
                return "rewritten", "link.joined"
            return "executed", node.kind.value
        return self._around(element)

    def flow(self, element: _Element) -> Verdict | None:
        """The fate of a sequence flow: that of an end that is refused, where the flow itself is in order."""
        if (said := self._said_of_whole(element)) is not None:
            return said
        if id_of(element) in self.flows:
            return "executed", ""
        around = element.getparent()
        ends = (attribute(element, name) for name in ("sourceRef", "targetRef"))
        brothers = {} if around is None else {id_of(each): each for each in around}
        for end in (brothers[id] for id in ends if id in brothers):
            if (fate := self.node(end)) is not None and fate[0] in ("refused", "asked"):
                return fate[0], f"its end {id_of(end)}"
        return self._around(element)

    def event(self, thing: Thing) -> Verdict | None:
        """The fate of an event definition: that of its event, if the event of the net has this definition."""
        kind = local(thing.element).removesuffix("EventDefinition")
        kind = _EVENT_KINDS.get(kind, kind)
        if "/" not in thing.path:
            return self._shared_definition(thing.element, kind)
        said = self._said_of_whole(thing.element) or self._said_of_whole(thing.owner)
        if said is not None:
            return said
        node = self.nodes.get(id_of(thing.owner))
        if node is None:
            return self._around(thing.owner)
        if kind == "link" and set(_kinds_of(node.event)) == {"none"}:
            return "rewritten", "link.joined"
        if kind == "message" and any(each.rule == "event.work" for each in self._findings(thing.owner)):
            return "rewritten", "event.work"
        if kind in set(_kinds_of(node.event)):
            return "executed", kind
        return None

    def _shared_definition(self, element: _Element, kind: str) -> Verdict | None:
        for reference in descendants(element.getroottree().getroot(), "eventDefinitionRef"):
            if text_of(reference).rpartition(":")[2] == id_of(element):
                event = reference.getparent()
                node = None if event is None else self.nodes.get(id_of(event))
                if node is not None and kind in set(_kinds_of(node.event)):
                    return "executed", kind
                return None if event is None else self.node(event)
        return "documentation", "no event refers to it"

    def expression(self, thing: Thing) -> Verdict | None:
        """The fate of a text that is evaluated: executed where the net holds it, else what its element says."""
        own_changes = self.changes.get(id_of(thing.element), []) if id_of(thing.element) else []
        for change in (*own_changes, *self.changes.get(id_of(thing.owner), ())):
            if change.before is not None and _bare(change.before) == _bare(thing.text):
                return "rewritten", change.what
        held = self.nodes.get(id_of(thing.owner)) or self.flows.get(id_of(thing.owner))
        if held is not None and _bare(thing.text) in {_bare(each.source) for each in expressions_in(held)}:
            return self._said_of_whole(thing.owner) or ("executed", "")
        if rewritten := [each.rule for each in self._findings(thing.owner) if each.rule in _REWRITING]:
            return "rewritten", rewritten[0]
        around = {local(each) for each in thing.element.iterancestors()}
        for change in self.changes.get(id_of(thing.owner), ()):
            if change.what.partition(" ")[0] in around:
                return "rewritten", change.what
        return self._said(thing.element, thing.owner) or self._inherited(thing) or self._split_asked(thing.owner)

    def _split_asked(self, flow: _Element) -> Verdict | None:
        """The fate of a condition whose split a person decides, because another way out of it cannot be read."""
        around = flow.getparent()
        if local(flow) != "sequenceFlow" or around is None:
            return None
        source = attribute(flow, "sourceRef")
        for each in around:
            if id_of(each) == source or (local(each) == "sequenceFlow" and attribute(each, "sourceRef") == source):
                said = self._said_of_whole(each)
                if said is not None and said[0] == "asked":
                    return said
        return None

    def _inherited(self, thing: Thing) -> Verdict | None:
        """What the owner's own fate says of a part of it: nothing where the owner is executed."""
        if local(thing.owner) not in FLOW_NODES | {"sequenceFlow"}:
            return None
        owner = self.flow(thing.owner) if local(thing.owner) == "sequenceFlow" else self.node(thing.owner)
        return None if owner is None or owner[0] in ("executed", "rewritten") else owner

    def vendor_word(self, thing: Thing) -> Verdict | None:
        """The fate of an element or attribute of another namespace; what stands in a vendor's element shares its fate.

        One part of a vendor's element may be rewritten where the rest of it stays.
        """
        space, _, name = thing.name.rpartition("}")
        word, _, own = name.partition("@")
        vendor = VENDORS.get(space[1:])
        around = self._vendor_around(thing.element)
        if thing.kind == "element":
            verdict = self.vendor_elements[around] if around is not None else None
            self.vendor_elements[thing.element] = verdict or self._word(thing, vendor, [f"{vendor}:{word}"])
            return self.vendor_elements[thing.element]
        if own:
            return self._rewritten(thing, [f"{vendor}:{word}@{own}"]) or self.vendor_elements[thing.element]
        return self._word(thing, vendor, [f"{vendor}:{word}"])

    def _vendor_around(self, element: _Element) -> _Element | None:
        around = element.getparent()
        while around is not None and around not in self.vendor_elements:
            around = around.getparent()
        return around

    def _word(self, thing: Thing, vendor: str | None, words: list[str]) -> Verdict | None:
        if vendor is None:
            return "documentation", "a word of no engine"
        if (rewritten := self._rewritten(thing, words)) is not None:
            return rewritten
        if (told := self._told(thing, words[0])) is not None:
            return told
        return self._said(thing.element, thing.owner) or self._inherited(thing)

    def _rewritten(self, thing: Thing, words: list[str]) -> Verdict | None:
        for change in self._changes_around(thing):
            said = change.what.partition(" ")[0]
            if said in words or said.partition("@")[0] in words:
                return "rewritten", change.what
        return None

    def _told(self, thing: Thing, word: str) -> Verdict | None:
        """What a finding says of a word of an engine on the element that carries it."""
        holder = thing.element.getparent() if thing.kind == "element" else thing.element
        on = holder.getparent() if holder is not None and thing.kind == "element" else holder
        for finding in self._findings(on) if on is not None else ():
            names = str(finding.params.get("names", ""))
            if finding.rule in _FOREIGN and (word in names.split(", ") or len(names) >= MOST_TOLD):
                return "asked" if finding.question else "documentation", finding.rule
        return None

    def _changes_around(self, thing: Thing) -> Iterator[Change]:
        at: _Element | None = thing.element
        while at is not None and at is not thing.owner:
            yield from self.changes.get(id_of(at), ())
            at = at.getparent()
        if at is None:  # what was carried over whole is no longer in the tree
            for part in children(thing.owner):
                yield from self.changes.get(id_of(part), ()) if local(part) not in FLOW_NODES else ()
        yield from self.changes.get(id_of(thing.owner), ())

    def _said_of_whole(self, element: _Element) -> Verdict | None:
        found = [each for each in self._findings(element) if each.rule not in _OF_PARTS]
        return _verdict_of(found)

    def _said(self, element: _Element, up_to: _Element | None = None) -> Verdict | None:
        """What findings say outright of `element`, or of an element around it up to `up_to`."""
        at: _Element | None = element
        while at is not None:
            if (verdict := _verdict_of(self._findings(at))) is not None:
                return verdict
            if up_to is None or at is up_to:
                return None
            at = at.getparent()
        return None

    def _findings(self, element: _Element) -> list[Finding]:
        return self.findings.get(id_of(element) or element.sourceline, [])

    def _around(self, element: _Element) -> Verdict | None:
        """The fate of what stands in something that is not read: outside of every process, or refused as a whole."""
        at = element.getparent()
        while at is not None and local(at) != "process":
            said = self._said(at)
            if said is not None and said[0] == "refused":
                return "refused", f"inside {id_of(at)}"
            at = at.getparent()
        return ("documentation", "outside of every process") if at is None else None


def _verdict_of(findings: list[Finding]) -> Verdict | None:
    """The gravest that findings say of the element they are made on."""
    if refused := [each.rule for each in findings if each.severity == "error" and not each.question]:
        return "refused", refused[0]
    if asked := [each.rule for each in findings if each.question]:
        return "asked", asked[0]
    kept = [each.rule for each in findings if each.rule in _KEEPING or each.rule == "node.unreachable"]
    return ("documentation", kept[0]) if kept else None


def _kinds_of(event: Event | None) -> Iterator[str]:
    if event is not None:
        yield event.kind
        for part in event.parts:
            yield from _kinds_of(part)


def _bare(text: str) -> str:
    """An expression without the signs of its spelling."""
    stripped = text.strip()
    if stripped[:2] in ("${", "#{") and stripped.endswith("}"):
        return stripped[2:-1].strip()
    return stripped.removeprefix("=").strip()
