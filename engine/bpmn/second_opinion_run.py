"""The dry run of the second opinion: SpiffWorkflow and our game play a portable net side by side.

Data plays no part: each condition is true or false by the scenario, collections have two elements and timers never come
due, so both sides must offer the same people the same nodes after every step, in whatever order. The library gets an
environment that answers from the scenario; it evaluates no text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.mixins.events.start_event import StartEvent as StartEventMixin
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.effects import StepFailed
from engine.bpmn.game import advance
from engine.bpmn.net import Expression, Kind, Net, Node
from engine.bpmn.opinion import Opinion
from engine.bpmn.state import ITEM, LEG, MESSAGE, PARENT, State
from engine.bpmn.stimuli import Complete, MessageArrived, Start, Stimulus
from engine.errors import Rejected

MOST_STEPS = 20  # of one scenario: enough for two rounds of a loop
_NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_LEGS = [1, 2]
_FAR = {"duration": "P366D", "date": "2099-12-31T00:00:00+00:00", "cycle": "R3/P366D"}

Scenario = Callable[[str], bool]
Key = tuple[str, str, tuple[int, ...]]
"""What is open: "item" or "message", the node's id, and the numbers of the legs it is in, outermost first."""

SCENARIOS: tuple[Scenario, ...] = (
    lambda condition: True,
    lambda condition: False,
    lambda condition: bool(crc32(condition.encode()) & 1),
)


class _Answers(BasePythonScriptEngineEnvironment):  # type: ignore[misc]  # the library is untyped
    """Answers every question of the library from a table, and runs nothing."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        super().__init__()
        self.answers = answers

    def evaluate(self, expression: str, context: Any, external_context: Any = None) -> Any:
        """The answer to `expression`. Raises: KeyError for a text that is none of the model's."""
        return self.answers[expression.strip()]

    def execute(self, script: str, context: Any, external_context: Any = None) -> bool:
        """Refuses. Raises: PermissionError."""
        raise PermissionError("No script runs here.")


def dry_run(net: Net, spec: Any, inside: Mapping[str, Any]) -> Opinion:
    """Whether both sides offer the same nodes in every scenario; `spec` and `inside` are the library's specs."""
    starts = net.starts()
    if len(starts) != 1 or starts[0].event is None or starts[0].event.kind != "none":
        return Opinion("cannot", f"because it begins at an event or in several places ({starts[0].id})")
    for scenario in SCENARIOS:
        try:
            theirs = BpmnWorkflow(spec, dict(inside), script_engine=_engine(net, scenario))
        except RecursionError:
            return Opinion("cannot", "because its look-ahead goes too deep for a model of this length")
        opinion = _play(_decided(net, scenario), theirs)
        if opinion.verdict != "agrees":
            return opinion
    return Opinion("agrees")


def _engine(net: Net, scenario: Scenario) -> PythonScriptEngine:
    answers: dict[str, Any] = {
        flow.condition.source: scenario(flow.condition.source) for flow in net.flows if flow.condition
    }
    for node in net.nodes:
        if node.event is not None and node.event.timer is not None:
            answers[node.event.timer.source] = _FAR[str(node.event.timer_kind)]
        if node.multi is not None and node.multi.cardinality is not None:
            answers[node.multi.cardinality.source] = len(_LEGS)
        if node.multi is not None and node.multi.completion is not None:
            answers[node.multi.completion.source] = False
    return PythonScriptEngine(environment=_Answers(answers))


def _decided(net: Net, scenario: Scenario) -> Net:
    """`net` with the scenario's answers in place of its expressions."""
    flows = tuple(
        replace(flow, condition=Expression(str(scenario(flow.condition.source)).lower())) if flow.condition else flow
        for flow in net.flows
    )
    return replace(net, flows=flows, nodes=tuple(_decided_node(node) for node in net.nodes))


def _decided_node(node: Node) -> Node:
    event, multi = node.event, node.multi
    if event is not None and event.timer is not None:
        event = replace(event, timer=Expression(_FAR[str(event.timer_kind)]), timer_literal=True)
    if multi is not None:
        legs = Expression(str(_LEGS)) if multi.collection else None
        cardinality = Expression(str(len(_LEGS))) if multi.cardinality else None
        multi = replace(multi, cardinality=cardinality, collection=legs, completion=None)
    return replace(node, event=event, multi=multi)


def _play(net: Net, theirs: BpmnWorkflow) -> Opinion:
    """Plays one scenario on both sides until it ends, fails in ours, waits for a timer, or was long enough."""
    collections = {node.multi.collection.source for node in net.nodes if node.multi and node.multi.collection}
    theirs.task_tree.data.update(dict.fromkeys(collections, _LEGS))
    stimulus: Stimulus = Start()
    state: State | None = None
    chosen: Key | None = None
    for _ in range(MOST_STEPS):
        try:
            step = advance(net, state, stimulus, _NOW)
        except Rejected as refusal:  # stuck tokens, or a loop without a wait: theirs might never come back from it
            return Opinion("cannot", f"because our own game refuses to go on: {refusal.code}")
        state = step.state
        if any(isinstance(effect, StepFailed) for effect in step.effects):
            return Opinion("agrees")
        try:
            _take(theirs, chosen)
        except MemoryError:
            raise
        except Exception as error:  # the library raises anything while it runs
            return Opinion("cannot", f"because its run stops: {error!r:.200}")
        ours_open = _ours(net, state)
        if ours_open.keys() != _theirs(theirs).keys():
            return Opinion("differs", _spoken(sorted(ours_open), sorted(_theirs(theirs)), chosen))
        if state.outcome is not None or not ours_open:
            return Opinion("agrees")
        chosen = min(ours_open)
        wait = ours_open[chosen]
        stimulus = Complete(wait) if chosen[0] == "item" else MessageArrived(wait)
    return Opinion("agrees")


def _ours(net: Net, state: State) -> dict[Key, int]:
    """The open items and awaited messages of our game, with the wait of each; armed starts are left out."""
    found: dict[Key, int] = {}
    for wait, (what, node, scope, *_) in state.waits.items():
        if what not in (ITEM, MESSAGE) or net.nodes[node].kind is Kind.START:
            continue
        legs: list[int] = []
        while scope:
            record = state.scopes[scope]
            if record[LEG]:
                legs.insert(0, record[LEG])
            scope = record[PARENT]
        found["item" if what == ITEM else "message", net.nodes[node].id, tuple(legs)] = wait
    return found


def _theirs(workflow: BpmnWorkflow) -> dict[Key, Any]:
    """The same of the library, read from its maps of tasks because its own iterator stops at depth 1,000."""
    found: dict[Key, Any] = {}
    if workflow.completed:
        return found
    for each in (workflow, *workflow.get_active_subprocesses()):
        for task in each.tasks.values():
            if task.has_state(TaskState.READY) and task.task_spec.manual:
                found["item", task.task_spec.bpmn_id, _their_legs(workflow, task)] = task
    for task in workflow.event_manager.tasks.values():
        awaited = task.task_spec.event_definition
        if not task.has_state(TaskState.WAITING) or isinstance(task.task_spec, StartEventMixin):
            continue
        if isinstance(awaited, MessageEventDefinition):
            found["message", task.task_spec.bpmn_id, _their_legs(workflow, task)] = task
    return found


def _their_legs(workflow: BpmnWorkflow, task: Any) -> tuple[int, ...]:
    legs: list[int] = []
    while task is not None:
        number = task.internal_data.get("key_or_index", task.internal_data.get("item"))
        if number is not None:
            legs.insert(0, number + 1)
        owner = getattr(task.workflow, "parent_task_id", None)
        task = workflow.get_task_from_id(owner) if owner is not None else None
    return tuple(legs)


def _take(workflow: BpmnWorkflow, chosen: Key | None) -> None:
    """Starts the library's instance, or does in it what was chosen."""
    if chosen is not None:
        task = _theirs(workflow)[chosen]
        if chosen[0] == "item":
            task.run()
        else:
            workflow.send_event(BpmnEvent(MessageEventDefinition(task.task_spec.event_definition.name), {}))
    workflow.do_engine_steps()


def _spoken(ours: list[Key], theirs: list[Key], after: Key | None) -> str:
    when = f"after {after[1]}" if after else "at the start"
    named = [", ".join(sorted(id for _, id, _ in keys)) or "nothing" for keys in (ours, theirs)]
    return f"{when} it offers {named[1]:.120}, but we offer {named[0]:.120}"
