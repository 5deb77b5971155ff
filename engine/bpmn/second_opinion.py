"""The fifth step of an upload: SpiffWorkflow's stock parser reads the same tree, and what it sees must be what we see.

Every process is read with a parser of its own, because the library keeps lanes and positions of earlier files. It is
fed bytes; nothing is evaluated. Nodes no start reaches are left out on both sides, since it never reads them. A
process that holds a construct the library executes otherwise than the standard says is *cannot*, which blocks nothing.
Source: bpmn.md 3 (what it executes rightly) and 7 (what its parser loses).
"""

from __future__ import annotations

from typing import Any

from lxml.etree import _Element, tostring
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

from engine.bpmn.net import Kind, Net
from engine.bpmn.opinion import Opinion
from engine.bpmn.portability import unportable
from engine.bpmn.second_opinion_facts import SPLIT, Fact, as_drawn, our_facts, their_facts, unread_events
from engine.bpmn.second_opinion_run import dry_run
from engine.bpmn.tree import id_of

RESERVED = frozenset({"Start", "End", "Root"})  # names of the library's own tasks, so nodes called so are lost


def second_opinion(root: _Element, net: Net) -> Opinion:
    """What SpiffWorkflow makes of the process `net` was read from; `root` is the normalised tree, left as it is."""
    foreign = unportable(net)
    read = SecondReading(root, net.id)
    if read.reason is not None:
        return Opinion("cannot", f"because {(read.is_reserved and read.reason) or foreign or read.reason}")
    difference = read.difference(net)
    if difference is not None:
        return Opinion("differs", difference)
    if foreign is None and (gateway := _tried_otherwise(net, [read.spec, *read.inside.values()])):
        foreign = f"it tries the ways out of {gateway} in the order of the layout, not of the file"
    if foreign is not None:
        return Opinion("cannot", f"because {foreign}")
    return dry_run(net, read.spec, read.inside)


class SecondReading:
    """What the library reads of one process of a normalised tree; `reason` says why it cannot, where it cannot."""

    def __init__(self, root: _Element, process: str) -> None:
        self.reason: str | None = None
        reserved = sorted(RESERVED & {id_of(each) for each in root.iter("{*}*")})
        self.is_reserved = bool(reserved)
        if reserved:
            self.reason = f"the id {reserved[0]!r} is the name of a task of its own"
            return
        parser = BpmnParser()
        try:
            parser.add_bpmn_str(tostring(root))
            self.spec: Any = parser.get_spec(process)
            self.facts = their_facts(parser, process, self.spec)
            self.inside: Any = parser.get_subprocess_specs(process, require_call_activity_specs=False)
        except MemoryError:
            raise
        except Exception as error:  # the library raises anything, from KeyError to TypeError, for legal files
            self.reason = _reason(error)

    def difference(self, net: Net) -> str | None:
        """The first thing that the two readings do not have in common, where both can be compared."""
        ours, other_work = as_drawn(our_facts(net), self.facts)
        left_out = (unread_events(net) & self._without_trigger()) | other_work
        ours, theirs = (
            {fact for fact in facts if fact[0] != "event" or fact[1] not in left_out} for facts in (ours, self.facts)
        )
        return _first_difference(ours, theirs)

    def _without_trigger(self) -> set[str]:
        """The nodes in which the library sees no event: where we see one that it never reads, nothing is compared."""
        return {fact[1] for fact in self.facts if fact[0] == "event" and fact[2] in ("none", "multiple")}


def _tried_otherwise(net: Net, specs: list[Any]) -> str | None:
    """The first exclusive gateway whose conditions the library tries in another order than that of the file."""
    for node in net.nodes:
        if node.kind is not Kind.EXCLUSIVE:
            continue
        flows = [net.flows[index] for index in node.outgoing if index != node.default]
        ours = [net.nodes[flow.target].id for flow in flows if flow.condition is not None]
        for task in (spec.task_specs[node.id] for spec in specs if node.id in spec.task_specs):
            theirs = [target.removesuffix(SPLIT) for condition, target in task.cond_task_specs if condition]
            if len(ours) > 1 and theirs != ours:
                return node.id
    return None


def _reason(error: Exception) -> str:
    said = str(error.args[0]) if isinstance(error, ValidationException) and error.args else repr(error)
    return f"its parser stops: {said:.200}"


def _first_difference(ours: set[Fact], theirs: set[Fact]) -> str | None:
    if missing := sorted(ours - theirs, key=repr):
        return f"it does not read what we read: {_spoken(missing[0])}"
    if extra := sorted(theirs - ours, key=repr):
        return f"it reads what we do not read: {_spoken(extra[0])}"
    return None


def _spoken(fact: Fact) -> str:
    return " ".join(str(part) for part in fact if part is not None)[:300]
