"""`cityloop drive`: one instance played to its end in memory, on a clock of its own, with a scratch subject.

What its expressions read is proposed before it begins, and other values where a step fails for want of them. Every
human node is completed with proposed answers, else what is waited for happens (`drive_events`): messages, broadcasts,
the earliest timer. Broadcasts and escalations go between the processes of the dry run. The state is saved and reloaded
at every wait, so what drives here also survives a restart. A process with marks is bound to a directive that exists
only here, so a move the life cycle refuses shows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from engine.bpmn.catching import broadcast_name
from engine.bpmn.choices import choice_at
from engine.bpmn.coupling import completed, completed_for_incident, entered, entered_for_incident, on_record
from engine.bpmn.effects import (
    BroadcastSent,
    CallStarted,
    EscalationSent,
    InstanceEnded,
    MessageSent,
    NodeEntered,
    OperationRequested,
    StepFailed,
)
from engine.bpmn.frames import Frame, frame_of
from engine.bpmn.game import Step, advance
from engine.bpmn.net import Net, Node
from engine.bpmn.play import leg_and_element
from engine.bpmn.state import BROADCAST, FAILURE, ITEM, State, state_from_bytes, state_to_bytes
from engine.bpmn.stimuli import (
    BroadcastArrived,
    CallEnded,
    CallEscalated,
    CallFailed,
    Complete,
    OperationDone,
    Retry,
    Start,
    Stimulus,
)
from engine.domain.directive import Leg, decisions
from engine.domain.incident import SETTLED, move_on_source_cancel
from engine.domain.lifecycle import DIRECTIVE, INCIDENT, TASK
from engine.errors import EngineError

from .drive_events import Happenings, told
from .drive_proposals import Proposals

MOST_STEPS = 500
GIVEN: Mapping[str, Any] = {"reason": "dry_run"}
"""What comes with every message and answer of a dry run, for moves that need a reason."""
START_OF_TIME = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
SCRATCH_DEFAULTS: Mapping[str, Any] = {
    "directive_id": "scratch",
    "level": 3,
    "legs": ["department_a", "department_b"],
    "issue_mode": "normal",
    "completion_rule": "all",
}
_UNCAUGHT = "The process ended with an error nobody catches."
NetOf = Callable[[str], Net | None]
FormOf = Callable[[Net, Node], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Driven:
    """How a dry run ended: `outcome` completed, waiting or failed, what it waits for or why it failed, the trace."""

    process: str
    outcome: str
    waits_for: tuple[str, ...]
    reason: str | None
    element: str | None
    steps: int
    trace: tuple[str, ...]
    variables: Mapping[str, Any]
    frames: tuple[Frame, ...] = ()

    @property
    def ended_with_error(self) -> bool:
        """Whether it came to an end event of the drawing that throws an error out of the process."""
        return self.reason == _UNCAUGHT

    def to_json(self) -> dict[str, Any]:
        """The object `cityloop drive --json` prints."""
        return {
            "process": self.process,
            "outcome": self.outcome,
            "waits_for": list(self.waits_for),
            "reason": self.reason,
            "element": self.element,
            "steps": self.steps,
            "trace": list(self.trace),
            "frames": [dict(frame) for frame in self.frames],
        }


class ScratchDirective:
    """A directive and its tasks that live only as long as a dry run."""

    def __init__(self, departments: list[str], completion_rule: str = "all") -> None:
        self.state = DIRECTIVE.start
        self.completion_rule = completion_rule
        self.tasks = {d: Leg(d, "co" if i else "lead", TASK.start) for i, d in enumerate(departments)}
        self.recorded: set[str] = set()

    def legs(self) -> Mapping[str, Leg]:
        """Every task by department."""
        return self.tasks

    def move(self, action: str, answers: Mapping[str, Any]) -> None:
        """Move the directive by its table."""
        given = on_record(action, answers, self.recorded)
        self.state = DIRECTIVE.decide(self.state, action, given).target
        self.recorded |= given - {"reason"}

    def move_task(self, department: str, action: str, answers: Mapping[str, Any]) -> None:
        """Move a task by its table."""
        leg = self.tasks[department]
        move = TASK.decide(leg.state, action, on_record(action, answers, ()))
        self.tasks[department] = Leg(department, leg.role, move.target)


class ScratchIncident:
    """An incident that lives only as long as a dry run; its orders move it when their loops end."""

    _MOVES: Mapping[str, Mapping[str, str]] = {
        "answer": {"reported": "reject"},
        "dispatch": {"filed": "dispatch"},
        "rehandle": {"verified": "rehandle"},
    }
    """Actions of a process that are a move of another name, or one only in some state."""

    def __init__(self) -> None:
        self.state = INCIDENT.start

    def act(self, action: str, answers: Mapping[str, Any]) -> None:
        """Move the incident as the action does."""
        if action == "assign":
            self._move("file" if self.state == "accepted" else None)
            self.act("dispatch", answers)
        elif action == "retype":
            return
        elif action == "call_off":
            self._move(move_on_source_cancel(self.state))
        elif action in self._MOVES:
            self._move(self._MOVES[action].get(self.state))
        else:
            self._move(action)

    def order_ended(self, state: str) -> None:
        """What its orders' facts do, closed ones were answered and verified; or where a called process took it."""
        if state in SETTLED:
            self.state = state
        if state == "closed" and self.state == "handling":
            self._move("receive_feedback")
            self._move("verify_pass")

    def _move(self, action: str | None) -> None:
        if action is not None:
            everything = frozenset().union(*(move.needs for move in INCIDENT.moves))
            self.state = INCIDENT.decide(self.state, action, everything).target


@dataclass
class _Instance:
    net: Net
    data: Proposals
    state: Any  # as `Drive` stores it: bytes, unless it keeps states as they are
    parent: tuple[_Instance, int] | None = None
    subject: ScratchDirective | ScratchIncident | None = None
    over: bool = False
    failures: dict[int, StepFailed] = field(default_factory=dict)


class Drive:
    """A dry run of one process. `net_of` finds called processes, `form_of` the form of a human node.

    The state is saved and read again at every wait; `reload` off keeps it as it is, which must make no difference.
    """

    def __init__(self, net_of: NetOf, form_of: FormOf, *, reload: bool = True) -> None:
        self._stored: Callable[[State], Any] = state_to_bytes if reload else lambda state: state
        self._loaded: Callable[[Any], State] = state_from_bytes if reload else lambda state: state
        self.net_of = net_of
        self.form_of = form_of
        self.now = START_OF_TIME
        self.instances: list[_Instance] = []
        self.trace: list[str] = []
        self.frames: list[Frame] = []
        self.pending: list[tuple[_Instance, Stimulus]] = []
        self.happenings = Happenings()
        self.visits: Counter[tuple[str, str]] = Counter()
        self.steps = 0

    def run(self, net: Net, variables: Mapping[str, Any]) -> Driven:
        """Play `net` from its start until it ends, waits for what cannot be given, or fails."""
        given, subject = _bound(net, variables)
        root = _Instance(net, Proposals(net, given), b"", None, subject)
        self.instances.append(root)
        try:
            filled = self._filled_at_start(net)
            self._play(root, Start(_beginning(net), {**root.data.values(), **filled, **given}))
            while not root.over and self.steps < MOST_STEPS and self._next(root):
                pass
        except EngineError as error:
            return self._result(root, "failed", str(error.message), error.element, error.code)
        return self._judge(root)

    def _filled_at_start(self, net: Net) -> dict[str, Any]:
        """What whoever begins the process fills in."""
        begun = next((start for start in net.starts() if start.form), None)
        return dict(self.form_of(net, begun) or {}) if begun is not None else {}

    def _judge(self, root: _Instance) -> Driven:
        if root.over:
            state = self._loaded(root.state)
            if state.outcome == "error":
                return self._result(root, "failed", _UNCAUGHT, None)
            if not _is_settled(root.subject):
                assert root.subject is not None
                kind = "directive" if isinstance(root.subject, ScratchDirective) else "incident"
                return self._result(
                    root,
                    "failed",
                    f"Expected the {kind} to be closed when its process ends, but it is {root.subject.state}.",
                    None,
                    "process.ends_with_open_subject",
                )
            return self._result(root, "completed", None, None)
        for instance in self.instances:
            for failure in instance.failures.values():
                return self._result(root, "failed", failure.message, instance.net.nodes[failure.node].id, failure.code)
        if self.steps >= MOST_STEPS:
            return self._result(root, "failed", f"Expected an end within {MOST_STEPS} steps, but there is none.", None)
        return self._result(root, "waiting", None, None)

    def _result(
        self, root: _Instance, outcome: str, reason: str | None, element: str | None, code: str | None = None
    ) -> Driven:
        waits = [] if outcome == "completed" else [w for i in self.instances if not i.over for w in self._waits(i)]
        state = self._loaded(root.state) if root.state else State()
        text = f"{code}: {reason}" if code and reason else reason
        return Driven(
            root.net.id, outcome, tuple(waits), text, element, self.steps, tuple(self.trace), dict(state.variables),
            tuple(self.frames),
        )  # fmt: skip

    def _waits(self, instance: _Instance) -> list[str]:
        if not instance.state:
            return []
        waits = self._loaded(instance.state).waits.values()
        return [f"{instance.net.nodes[w[1]].kind.value} {instance.net.nodes[w[1]].id}" for w in waits]

    def _next(self, root: _Instance) -> bool:
        """Give the process one thing it waits for; False if there is nothing that could be given."""
        if self.pending:
            instance, stimulus = self.pending.pop(0)
            wait = getattr(stimulus, "wait", None)
            if not instance.over and (wait is None or wait in self._loaded(instance.state).waits):
                self._play(instance, stimulus)
            return True
        running = [i for i in self.instances if not i.over]
        states = {id(i): self._loaded(i.state) for i in running}
        for instance in running:
            for wait, record in states[id(instance)].waits.items():
                if record[0] == ITEM:
                    self._complete(instance, states[id(instance)], wait)
                    return True
        for instance in running:
            for wait, record in states[id(instance)].waits.items():
                if record[0] == FAILURE and (values := instance.data.others(instance.net.nodes[record[1]])):
                    instance.failures.pop(wait, None)
                    self._play(instance, Retry(wait, values))
                    return True
        found = self.happenings.next((i, i.net, states[id(i)]) for i in running if i.state)
        if found is None:
            return False
        instance, stimulus, due = found
        self.now = max(self.now, due) if due is not None else self.now
        self._play(instance, stimulus)
        return True

    def _visit(self, instance: _Instance, node: Node) -> int:
        """How often `node` was given something before; this time counts from now on."""
        before = self.visits[instance.net.id, node.id]
        self.visits[instance.net.id, node.id] += 1
        return before

    def _complete(self, instance: _Instance, state: State, wait: int) -> None:
        _, index, scope, _, _ = state.waits[wait]
        node = instance.net.nodes[index]
        answers = self._answers(instance, node)
        self.trace.append(f"complete {node.id}")
        if isinstance(instance.subject, ScratchDirective):
            completed(instance.subject, node, _code(leg_and_element(instance.net, state, scope)), answers)
        elif instance.subject is not None:
            completed_for_incident(instance.subject, node, answers)
        self._play(instance, Complete(wait, answers))

    def _answers(self, instance: _Instance, node: Node) -> dict[str, Any]:
        visit = self._visit(instance, node)
        choice = choice_at(instance.net, node)
        if choice is not None:
            return choice.proposed(visit)
        form = self.form_of(instance.net, node)
        again = instance.data.values(visit) if visit and instance.subject is None else {}
        answers = {**again, **(form or {})}
        for name in again.keys() & answers.keys():  # a form that gives the same each time would go in circles
            answers[name] = again[name] if type(again[name]) is type(answers[name]) else answers[name]
        if node.loop and "decision" not in answers and decisions(node.loop):
            answers["decision"] = decisions(node.loop)[0]
        return answers

    def _play(self, instance: _Instance, stimulus: Stimulus) -> None:
        self.steps += 1
        before = self._loaded(instance.state) if instance.state else None
        step = advance(instance.net, before, stimulus, self.now)
        instance.state = self._stored(step.state)
        self.frames.append(frame_of(instance.net, before, stimulus, step.effects, step.state, self.now))
        if before is not None and (line := told(instance.net, before, stimulus)) is not None:
            self.trace.append(line)
        for effect in step.effects:
            self._take(instance, step, effect, stimulus)

    def _take(self, instance: _Instance, step: Step, effect: Any, stimulus: Stimulus) -> None:
        nodes = instance.net.nodes
        if isinstance(effect, NodeEntered):
            if isinstance(instance.subject, ScratchDirective):
                entered(instance.subject, nodes[effect.node], _code(step.legs.get(effect.scope)), GIVEN)
            elif instance.subject is not None:
                answers = stimulus.answers if isinstance(stimulus, Complete) else GIVEN
                entered_for_incident(instance.subject, nodes[effect.node], answers)
        elif isinstance(effect, OperationRequested):
            self.trace.append(f"operation {effect.operation or nodes[effect.node].id}")
            visit = self._visit(instance, nodes[effect.node])
            result = instance.data.values(visit) if visit and instance.subject is None else {}
            self.pending.append((instance, OperationDone(effect.wait, result)))
        elif isinstance(effect, MessageSent):
            self.trace.append(f"send {effect.message}")
        elif isinstance(effect, BroadcastSent):
            self._broadcast(instance, effect.name)
        elif isinstance(effect, EscalationSent):
            self.trace.append(f"escalate {effect.code}")
            if instance.parent is not None:
                caller, wait = instance.parent
                self.pending.append((caller, CallEscalated(wait, effect.code)))
        elif isinstance(effect, StepFailed):
            instance.failures[effect.wait] = effect
        elif isinstance(effect, CallStarted):
            self._call(instance, effect)
        elif isinstance(effect, InstanceEnded):
            self._ended(instance, effect, step.state)

    def _broadcast(self, sender: _Instance, name: str) -> None:
        """Reach every other process of the dry run that waits for the broadcast now."""
        self.trace.append(f"broadcast {name}")
        for other in self.instances:
            if other is sender or other.over or not other.state:
                continue
            for wait, record in self._loaded(other.state).waits.items():
                if record[0] == BROADCAST and broadcast_name(other.net, record) == name:
                    self.pending.append((other, BroadcastArrived(wait)))

    def _call(self, caller: _Instance, call: CallStarted) -> None:
        net = self.net_of(call.process)
        self.trace.append(f"call {call.process}")
        if net is None:
            return  # it goes on waiting for the missing process, which the result names
        given: dict[str, Any] = dict(call.variables)
        subject: ScratchDirective | ScratchIncident | None = None
        if isinstance(caller.subject, ScratchIncident):
            given, subject = _bound(net, call.variables)
            if isinstance(subject, ScratchIncident):
                subject = caller.subject
        child = _Instance(net, Proposals(net, given), b"", (caller, call.wait), subject)
        self.instances.append(child)
        self.pending.append((child, Start(_beginning(net), {**child.data.values(), **given})))

    def _ended(self, instance: _Instance, ended: InstanceEnded, state: State) -> None:
        instance.over = True
        self.trace.append(f"end {instance.net.id} {ended.outcome}")
        if instance.parent is not None:
            caller, wait = instance.parent
            if isinstance(caller.subject, ScratchIncident) and isinstance(instance.subject, ScratchDirective):
                caller.subject.order_ended(instance.subject.state)
            answer: Stimulus = (
                CallFailed(wait, ended.error or "") if ended.outcome == "error" else CallEnded(wait, state.variables)
            )
            self.pending.append((caller, answer))


def _beginning(net: Net) -> str | None:
    """The node to begin at: the one start without a trigger, else the first of all beginnings."""
    plain = [node for node in net.starts() if node.event is None or node.event.kind in ("none", "conditional")]
    every = plain or list(net.beginnings())
    return None if len(plain) == 1 or not every else every[0].id


def _bound(net: Net, variables: Mapping[str, Any]) -> tuple[dict[str, Any], ScratchDirective | ScratchIncident | None]:
    """What a process is begun with, and the subject it moves: an order, an incident, or none."""
    if any(node.loop for node in net.nodes):
        given = {**SCRATCH_DEFAULTS, **variables}
        return given, ScratchDirective(list(given["legs"]), str(given["completion_rule"]))
    actions = {node.action for node in net.nodes if node.action}
    return dict(variables), ScratchIncident() if "accept" in actions else None


def _is_settled(subject: ScratchDirective | ScratchIncident | None) -> bool:
    """Whether the loop of the subject has closed; nothing is owed without one."""
    if isinstance(subject, ScratchIncident):
        return subject.state in SETTLED
    return subject is None or subject.state in DIRECTIVE.final_states


def _code(leg: tuple[int, Any] | None) -> str | None:
    """The department a leg is for, where its element is a department's code."""
    return leg[1] if leg is not None and isinstance(leg[1], str) else None
