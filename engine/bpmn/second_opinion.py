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

from engine.bpmn.net import Event, Kind, Net, Node
from engine.bpmn.opinion import Opinion
from engine.bpmn.portability import unportable
from engine.bpmn.reader_checks import reachable
from engine.bpmn.second_opinion_run import dry_run

Fact = tuple[Any, ...]

RESERVED = frozenset({"Start", "End", "Root"})  # names of the library's own tasks, so nodes called so are lost
_KINDS = {
    "StartEvent": "start",
    "EndEvent": "end",
    "IntermediateCatchEvent": "catch",
    "IntermediateThrowEvent": "throw",
    "BoundaryEvent": "boundary",
    "UserTask": "user",
    "ManualTask": "manual",
    "NoneTask": "manual",
    "ReceiveTask": "receive",
    "SendTask": "send",
    "ServiceTask": "service",
    "ExclusiveGateway": "exclusive",
    "ParallelGateway": "parallel",
    "InclusiveGateway": "inclusive",
    "EventBasedGateway": "event_based",
    "SubWorkflowTask": "subprocess",
    "CallActivity": "call",
}
_LOOPS = {"ParallelMultiInstanceTask": "parallel", "SequentialMultiInstanceTask": "sequential"}
_EVENTS = {
    "NoneEventDefinition": ("none", None),
    "MessageEventDefinition": ("message", "name"),
    "ErrorEventDefinition": ("error", "code"),
    "TerminateEventDefinition": ("terminate", None),
    "DurationTimerEventDefinition": ("duration", "expression"),
    "SignalEventDefinition": ("signal", "name"),
    "EscalationEventDefinition": ("escalation", "code"),
    "ConditionalEventDefinition": ("conditional", "expression"),
    "TimeDateEventDefinition": ("date", "expression"),
    "CycleTimerEventDefinition": ("cycle", "expression"),
}
_DROPPED = frozenset(
    {
        (Kind.START, "error"),
        (Kind.START, "escalation"),
        (Kind.START, "compensation"),
        (Kind.END, "signal"),
        (Kind.END, "compensation"),
        (Kind.THROW, "compensation"),
    }
)
"""What it reads as an event of no kind (bpmn.md 7): there is nothing to compare."""
_SPLIT = ".BoundaryEventSplit"
_INSIDE_A_LOOP = " [child]"


def second_opinion(root: _Element, net: Net) -> Opinion:
    """What SpiffWorkflow makes of the process `net` was read from; `root` is the normalised tree, left as it is."""
    reserved = sorted(RESERVED & {node.id for node in net.nodes})
    if reserved:
        return Opinion("cannot", f"because the id {reserved[0]!r} is the name of a task of its own")
    foreign = unportable(net)
    lost = [node.id for node in net.nodes if node.kind is Kind.START and node.event and node.event.kind == "error"]
    if lost:
        return Opinion("cannot", f"because it reads an error start event as one without a trigger ({lost[0]})")
    parser = BpmnParser()
    try:
        parser.add_bpmn_str(tostring(root))
        theirs = _their_facts(parser, net.id, parser.get_spec(net.id))
        specs = parser.get_subprocess_specs(net.id, require_call_activity_specs=False)
    except MemoryError:
        raise
    except Exception as error:  # the library raises anything, from KeyError to TypeError, for legal files
        return Opinion("cannot", f"because {foreign or _reason(error)}")
    unread = _events_elsewhere(net)
    ours, theirs = (
        {fact for fact in facts if fact[0] != "event" or fact[1] not in unread} for facts in (_our_facts(net), theirs)
    )
    difference = _first_difference(ours, theirs)
    if difference is not None:
        return Opinion("differs", difference)
    if foreign is None and (gateway := _tried_otherwise(net, [parser.get_spec(net.id), *specs.values()])):
        foreign = f"it tries the ways out of {gateway} in the order of the layout, not of the file"
    if foreign is not None:
        return Opinion("cannot", f"because {foreign}")
    return dry_run(net, parser.get_spec(net.id), specs)


def _events_elsewhere(net: Net) -> set[str]:
    """The nodes whose event it drops, or keeps at the event-based gateway in front of them."""
    found: set[str] = set()
    for node in net.nodes:
        if node.event is not None and (node.event.parts or (node.kind, node.event.kind) in _DROPPED):
            found.add(node.id)
        if node.kind is Kind.EVENT_BASED:
            found |= {node.id, *(net.nodes[net.flows[flow].target].id for flow in node.outgoing)}
    return found


def _tried_otherwise(net: Net, specs: list[Any]) -> str | None:
    """The first exclusive gateway whose conditions the library tries in another order than that of the file."""
    for node in net.nodes:
        if node.kind is not Kind.EXCLUSIVE:
            continue
        flows = [net.flows[index] for index in node.outgoing if index != node.default]
        ours = [net.nodes[flow.target].id for flow in flows if flow.condition is not None]
        for task in (spec.task_specs[node.id] for spec in specs if node.id in spec.task_specs):
            theirs = [target.removesuffix(_SPLIT) for condition, target in task.cond_task_specs if condition]
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


def _our_facts(net: Net) -> set[Fact]:
    """The nodes, flows and attachments of a net that some start reaches, as comparable facts."""
    reached = reachable(net)
    facts: set[Fact] = set()
    for index in reached:
        node = net.nodes[index]
        owner = net.scopes[node.scope].node
        inside = net.id if owner is None else net.nodes[owner].id
        kind = Kind.SUBPROCESS if node.kind is Kind.EVENT_SUBPROCESS else node.kind
        facts.add(("node", inside, node.id, kind.value))
        facts |= _our_details(net, node)
        for flow in (net.flows[each] for each in node.outgoing):
            condition = flow.condition.source if flow.condition else None
            facts.add(("flow", node.id, net.nodes[flow.target].id, condition))
    return facts


def _our_details(net: Net, node: Node) -> set[Fact]:
    details: set[Fact] = set()
    if node.event is not None:
        details.add(("event", node.id, *_our_event(node.event)))
    if node.attached_to is not None:
        details.add(("attached", node.id, net.nodes[node.attached_to].id, node.interrupting))
    if node.call is not None:
        details.add(("calls", node.id, node.call.process))
    if node.multi is not None:
        cardinality, completion = node.multi.cardinality, node.multi.completion
        details.add(
            (
                "loop",
                node.id,
                "sequential" if node.multi.sequential else "parallel",
                cardinality.source if cardinality else None,
                completion.source if completion else None,
            )
        )
    return details


def _our_event(event: Event) -> tuple[str, str | None]:
    if event.kind == "timer":
        return str(event.timer_kind), event.timer.source if event.timer else None
    return event.kind, event.condition.source if event.condition else event.name


def _their_facts(parser: BpmnParser, owner: str, spec: Any) -> set[Fact]:
    """The facts of one of the library's specs and of the sub-processes in it; the guard bounds their depth."""
    facts: set[Fact] = set()
    for name, task in spec.task_specs.items():
        if name.endswith(_INSIDE_A_LOOP):
            continue
        loop = _LOOPS.get(type(task).__name__)
        inner = spec.task_specs[f"{name}{_INSIDE_A_LOOP}"] if loop else task
        kind = _KINDS.get(type(inner).__name__)
        if type(task).__name__ == "BoundaryEventSplit":
            facts |= _their_attachments(name, task)
        if kind is None:
            continue
        facts.add(("node", owner, name, kind))
        facts |= _their_flows(name, task)
        if loop:
            facts.add(("loop", name, loop, _stripped(task.cardinality), _stripped(task.condition)))
        if kind == "call":
            facts.add(("calls", name, inner.spec))
        if kind == "subprocess":
            facts |= _their_facts(parser, name, parser.get_spec(inner.spec))
        definition = getattr(inner, "event_definition", None)
        if definition is not None:
            word, attribute = _EVENTS.get(type(definition).__name__, (type(definition).__name__, None))
            facts.add(("event", name, word, _stripped(getattr(definition, attribute)) if attribute else None))
    return facts


def _their_attachments(name: str, split: Any) -> set[Fact]:
    host = name.removesuffix(_SPLIT)
    return {
        ("attached", child.name, host, child.cancel_activity)
        for child in split.outputs
        if type(child).__name__ == "BoundaryEvent"
    }


def _their_flows(name: str, task: Any) -> set[Fact]:
    flows: set[Fact] = set()
    conditional = [(c.args[0], target) for c, target in getattr(task, "cond_task_specs", []) if c is not None]
    for condition, target in conditional:
        flows.add(("flow", name, target.removesuffix(_SPLIT), _stripped(condition)))
    plain = {target.name for target in task.outputs if _is_drawn(target)} - {target for _, target in conditional}
    if default := getattr(task, "default_task_spec", None):
        plain.add(default)
    flows |= {("flow", name, target.removesuffix(_SPLIT), None) for target in plain}
    return flows


def _is_drawn(task: Any) -> bool:
    """Whether a spec stands for something in the drawing, not for one of the library's own joins."""
    kind = type(task).__name__
    return kind in _KINDS or kind in _LOOPS or kind == "BoundaryEventSplit"


def _stripped(text: Any) -> str | None:
    return None if text is None else str(text).strip()
