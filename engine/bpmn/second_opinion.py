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

RESERVED = frozenset({"Start", "End", "Root"})  # names of the library's own tasks, so nodes called so are lost


def second_opinion(root: _Element, net: Net) -> Opinion:
    """What SpiffWorkflow makes of the process `net` was read from; `root` is the normalised tree, left as it is."""
    reserved = sorted(RESERVED & {node.id for node in net.nodes})
    if reserved:
        return Opinion("cannot", f"because the id {reserved[0]!r} is the name of a task of its own")
    foreign = unportable(net)
    parser = BpmnParser()
    try:
        parser.add_bpmn_str(tostring(root))
        theirs = their_facts(parser, net.id, parser.get_spec(net.id))
        specs = parser.get_subprocess_specs(net.id, require_call_activity_specs=False)
    except MemoryError:
        raise
    except Exception as error:  # the library raises anything, from KeyError to TypeError, for legal files
        return Opinion("cannot", f"because {foreign or _reason(error)}")
    ours, other_work = as_drawn(our_facts(net), theirs)
    left_out = unread_events(net) | other_work
    ours, theirs = (
        {fact for fact in facts if fact[0] != "event" or fact[1] not in left_out} for facts in (ours, theirs)
    )
    difference = _first_difference(ours, theirs)
    if difference is not None:
        return Opinion("differs", difference)
    if foreign is None and (gateway := _tried_otherwise(net, [parser.get_spec(net.id), *specs.values()])):
        foreign = f"it tries the ways out of {gateway} in the order of the layout, not of the file"
    if foreign is not None:
        return Opinion("cannot", f"because {foreign}")
    return dry_run(net, parser.get_spec(net.id), specs)


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
