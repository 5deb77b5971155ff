"""What both readers say of a process, as facts that can be compared: nodes, flows, events, attachments, loops.

Nodes that no start reaches are left out on both sides, since the library never reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.bpmn.net import Event, Kind, Net, Node
from engine.bpmn.reader_checks import reachable

Fact = tuple[Any, ...]

READ_EVENTS: Mapping[Kind, frozenset[str]] = {
    Kind.START: frozenset({"none", "message", "signal", "timer", "conditional"}),
    Kind.END: frozenset({"none", "message", "cancel", "error", "escalation", "terminate"}),
    Kind.CATCH: frozenset({"message", "signal", "timer", "conditional"}),
    Kind.THROW: frozenset({"none", "escalation", "message", "signal"}),
    Kind.BOUNDARY: frozenset({"cancel", "error", "escalation", "message", "signal", "timer", "conditional"}),
}
"""The definitions that the library reads at each place; of any other it makes an event without a trigger."""
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
    "ScriptTask": "script",
    "EventBasedGateway": "event_based",
    "SubWorkflowTask": "subprocess",
    "TransactionSubprocess": "subprocess",
    "CallActivity": "call",
}
_OTHER_WORK = {
    "service": ("script", "rule"),
    "send": ("service", "script"),
    "script": ("service",),
    "throw": ("service",),
    "end": ("service",),
}
"""Work that a task may be by its attributes, beside what is drawn."""
_LOOPS = {
    "ParallelMultiInstanceTask": "parallel",
    "SequentialMultiInstanceTask": "sequential",
    "StandardLoopTask": "standard",
}
_EVENTS = {
    "NoneEventDefinition": ("none", None),
    "MessageEventDefinition": ("message", "name"),
    "SignalEventDefinition": ("signal", "name"),
    "ErrorEventDefinition": ("error", "code"),
    "EscalationEventDefinition": ("escalation", "code"),
    "ConditionalEventDefinition": ("conditional", "expression"),
    "CancelEventDefinition": ("cancel", None),
    "MultipleEventDefinition": ("multiple", None),
    "TerminateEventDefinition": ("terminate", None),
    "DurationTimerEventDefinition": ("duration", "expression"),
    "TimeDateEventDefinition": ("date", "expression"),
    "CycleTimerEventDefinition": ("cycle", "expression"),
}
SPLIT = ".BoundaryEventSplit"
_INSIDE_A_LOOP = " [child]"


def unread_events(net: Net) -> set[str]:
    """The nodes of which the library reads another event than stands there: there is nothing to compare."""
    found: set[str] = set()
    for node in net.nodes:
        if node.event is not None and node.kind in READ_EVENTS:
            kinds = {event.kind for event in (node.event, *node.event.parts)} - {"multiple"}
            if kinds - READ_EVENTS[node.kind]:
                found.add(node.id)
    return found


def as_drawn(ours: set[Fact], theirs: set[Fact]) -> tuple[set[Fact], set[str]]:
    """Our facts with the kind that is drawn for a task whose words made another kind of work of it, and those tasks."""
    drawn = {fact[2]: fact for fact in theirs if fact[0] == "node"}
    found: set[Fact] = set()
    other: set[str] = set()
    for fact in ours:
        kind = drawn[fact[2]][3] if fact[0] == "node" and fact[2] in drawn else None
        if kind is not None and fact[3] in _OTHER_WORK.get(kind, ()):
            found.add((*fact[:3], kind))
            other.add(fact[2])
        else:
            found.add(fact)
    return found, other


def our_facts(net: Net) -> set[Fact]:
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
    if node.event is not None and node.kind is not Kind.EVENT_BASED:
        details.add(("event", node.id, *_our_event(node.event)))
    if node.attached_to is not None:
        details.add(("attached", node.id, net.nodes[node.attached_to].id, node.interrupting))
    if node.call is not None:
        details.add(("calls", node.id, node.call.process))
    if node.repeat is not None:
        condition = node.repeat.condition.source if node.repeat.condition else None
        details.add(("loop", node.id, "standard", node.repeat.most, condition, node.repeat.test_before))
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
    if event.kind == "conditional":
        return "conditional", event.condition.source if event.condition else None
    return event.kind, event.name


def their_facts(parser: Any, owner: str, spec: Any) -> set[Fact]:
    """The facts of one of the library's specs and of the sub-processes in it; the guard bounds their depth."""
    facts: set[Fact] = set()
    moved = _moved_events(spec)
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
        if loop == "standard":
            most = None if task.maximum is None else int(task.maximum)
            facts.add(("loop", name, loop, most, _stripped(task.condition), task.test_before))
        elif loop:
            facts.add(("loop", name, loop, _stripped(task.cardinality), _stripped(task.condition)))
        if kind == "call":
            facts.add(("calls", name, inner.spec))
        if kind == "subprocess":
            facts |= their_facts(parser, name, parser.get_spec(inner.spec))
        definition = moved.get(name, getattr(inner, "event_definition", None))
        if definition is not None and kind != "event_based":
            word, attribute = _EVENTS.get(type(definition).__name__, (type(definition).__name__, None))
            facts.add(("event", name, word, _stripped(getattr(definition, attribute)) if attribute else None))
    return facts


def _moved_events(spec: Any) -> dict[str, Any]:
    """The definitions that an event-based gateway took from the events behind it."""
    gateways = [task for task in spec.task_specs.values() if type(task).__name__ == "EventBasedGateway"]
    return {
        child.name: definition
        for gateway in gateways
        for child, definition in zip(gateway.outputs, gateway.event_definition.event_definitions, strict=False)
    }


def _their_attachments(name: str, split: Any) -> set[Fact]:
    host = name.removesuffix(SPLIT)
    return {
        ("attached", child.name, host, child.cancel_activity)
        for child in split.outputs
        if type(child).__name__ == "BoundaryEvent"
    }


def _their_flows(name: str, task: Any) -> set[Fact]:
    flows: set[Fact] = set()
    conditional = [(c.args[0], target) for c, target in getattr(task, "cond_task_specs", []) if c is not None]
    for condition, target in conditional:
        flows.add(("flow", name, target.removesuffix(SPLIT), _stripped(condition)))
    plain = {target.name for target in task.outputs if _is_drawn(target)} - {target for _, target in conditional}
    if default := getattr(task, "default_task_spec", None):
        plain.add(default)
    flows |= {("flow", name, target.removesuffix(SPLIT), None) for target in plain}
    return flows


def _is_drawn(task: Any) -> bool:
    """Whether a spec stands for something in the drawing, not for one of the library's own joins."""
    kind = type(task).__name__
    return kind in _KINDS or kind in _LOOPS or kind == "BoundaryEventSplit"


def _stripped(text: Any) -> str | None:
    return None if text is None else str(text).strip()
