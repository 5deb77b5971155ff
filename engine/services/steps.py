"""One step of an instance as rows: the only place that turns effects into anything (architecture, contracts).

A step is: load the instance, `game.advance`, effects to rows, moves of the bound subject, clocks, the state back under
the revision it was read with. Ended children answer their callers in the same transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from engine.bpmn import effects as e
from engine.bpmn.game import Step, advance
from engine.bpmn.net import Node
from engine.bpmn.state import State, state_from_bytes, state_to_bytes, values_to_bytes
from engine.bpmn.stimuli import CallEnded, CallFailed, Cancel, Complete, MessageArrived, Start, Stimulus
from engine.domain.lifecycle import DIRECTIVE
from engine.domain.roles import DEPARTMENT_ROLES
from engine.errors import Conflict, InvalidMove, NotFound, Rejected
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables import processes as t
from engine.storage.types import NEVER

from . import clocks, coupling
from .bound import BoundDirective
from .city import Definition
from .desk import Desk
from .incident_moves import follow_directive

DEEPEST_CALL = 8

INSTANCE_COLUMNS = (
    t.process_instance.c.definition_id,
    t.process_instance.c.parent_instance_id,
    t.process_instance.c.parent_wait,
    t.process_instance.c.subject_kind,
    t.process_instance.c.subject_id,
    t.process_instance.c.department_id,
    t.process_instance.c.state_bytes,
    t.process_instance.c.revision,
    t.process_instance.c.started_at,
)
_INSTANCE = Prepared(select(*INSTANCE_COLUMNS).where(t.process_instance.c.id == bindparam("id")).with_for_update())
_FREE_INSTANCE = Prepared(
    select(*INSTANCE_COLUMNS).where(t.process_instance.c.id == bindparam("id")).with_for_update(skip_locked=True)
)
_NEW_INSTANCE = insert_into(t.process_instance)
_STATE = update_row(t.process_instance, "state_bytes", where=("id", "revision"))
_PAST_INSTANCE = insert_into(t.instance_history)
_NEW_ITEM = insert_into(t.work_item)
_ITEM_ENDED = insert_into(t.item_history)
_NEW_TIMER = insert_into(t.timer)
_NEW_SUBSCRIPTION = insert_into(t.subscription)
_NEW_CALL = insert_into(t.call)
_NEW_OPERATION = insert_into(t.operation)
_NEW_FAILURE = insert_into(t.step_failure)
_ITEM_OPENED_AT = Prepared(
    select(t.work_item.c.opened_at, t.work_item.c.node_id).where(
        t.work_item.c.instance_id == bindparam("instance_id"), t.work_item.c.wait == bindparam("wait")
    )
)
_CHILD = Prepared(
    select(t.call.c.child_instance_id).where(
        t.call.c.instance_id == bindparam("instance_id"), t.call.c.wait == bindparam("wait")
    )
)
_PUBLISHED = Prepared(
    select(t.definition.c.id)
    .where(
        t.definition.c.process_id == bindparam("process_id"),
        t.definition.c.state == "published",
        t.definition.c.effective_from <= bindparam("now", type_=t.definition.c.effective_from.type),
    )
    .order_by(t.definition.c.version.desc())
    .limit(1)
)


def _drop(table: Any) -> Prepared:
    return Prepared(
        table.delete().where(table.c.instance_id == bindparam("instance_id"), table.c.wait == bindparam("wait"))
    )


_DROP_ITEM = _drop(t.work_item)
_DROP_TIMER = _drop(t.timer)
_DROP_SUBSCRIPTION = _drop(t.subscription)
_DROP_CALL = _drop(t.call)
_DROP_OPERATION = _drop(t.operation)
_DROP_FAILURE = _drop(t.step_failure)
_RUNTIME = (t.work_item, t.timer, t.subscription, t.call, t.operation, t.step_failure)
_CLEAR = [Prepared(x.delete().where(x.c.instance_id == bindparam("instance_id"))) for x in _RUNTIME]
_END_INSTANCE = Prepared(
    t.process_instance.delete().where(
        t.process_instance.c.id == bindparam("id"), t.process_instance.c.revision == bindparam("seen_revision")
    )
)


@dataclass(slots=True)
class Instance:
    """A running instance as read from its row; `revision` 0 means it has no row yet."""

    id: str
    definition: Definition
    parent_id: str | None
    parent_wait: int | None
    subject_kind: str | None
    subject_id: str | None
    department_id: str
    state: State | None
    revision: int
    started_at: datetime
    bound: BoundDirective | None = None
    due: dict[tuple[int, int], datetime] = field(default_factory=dict)  # clocks started in this step, by node and scope

    @property
    def chain(self) -> str:
        """The ledger chain its steps belong to: that of the subject, else its own."""
        return f"{self.subject_kind}:{self.subject_id}" if self.subject_id else f"instance:{self.id}"


def load(desk: Desk, instance_id: str) -> Instance:
    """The running instance with this id. Raises: NotFound (`instance.unknown`)."""
    row = desk.uow.one(_INSTANCE, {"id": instance_id})
    if row is None:
        raise NotFound("instance.unknown", "Expected a running instance, but there is none.", id=instance_id)
    return from_row(desk, instance_id, row)


def load_free(desk: Desk, instance_id: str) -> Instance | None:
    """The running instance with this id, None while another transaction works on it (or it has ended).

    For the heartbeat: it takes instances first and their clocks and timers after, like a person's command does, and
    never waits for one.
    """
    row = desk.uow.one(_FREE_INSTANCE, {"id": instance_id})
    return None if row is None else from_row(desk, instance_id, row)


def from_row(desk: Desk, instance_id: str, row: tuple[Any, ...]) -> Instance:
    """The instance whose `INSTANCE_COLUMNS` were read, with the subject it is bound to."""
    definition_id, parent_id, parent_wait, kind, subject_id, department_id, content, revision, started_at = row
    instance = Instance(
        instance_id,
        desk.city.definition(desk.uow, definition_id),
        parent_id,
        parent_wait,
        kind,
        subject_id,
        department_id,
        state_from_bytes(bytes(content)),
        revision,
        started_at,
    )
    if kind == "directive" and subject_id is not None:
        instance.bound = BoundDirective(desk, subject_id)
    return instance


def published(desk: Desk, process_id: str) -> Definition:
    """The version of a process that starts now. Raises: NotFound (`definition.not_published`)."""
    row = desk.uow.one(_PUBLISHED, {"process_id": process_id, "now": desk.now})
    if row is None:
        raise NotFound(
            "definition.not_published",
            f"Expected a published version of “{process_id}”, but there is none. Run “cityloop migrate”.",
            process=process_id,
        )
    return desk.city.definition(desk.uow, row[0])


def start(
    desk: Desk,
    definition: Definition,
    variables: Mapping[str, Any],
    *,
    department_id: str,
    subject: tuple[str, str] | None = None,
    parent: tuple[str, int] | None = None,
    node: str | None = None,
) -> Instance:
    """A new instance of `definition`, begun and stored.

    Raises: Rejected (`definition.not_a_loop`) for binding a version that is no loop; whatever its first step refuses.
    """
    if subject is not None and definition.kind != "loop":
        raise Rejected(
            "definition.not_a_loop",
            f"Expected a loop version for a {subject[0]}, but “{definition.process_id}” is {definition.kind}.",
        )
    kind, subject_id = subject or (None, None)
    parent_id, parent_wait = parent or (None, None)
    instance = Instance(
        desk.uow.new_id(),
        definition,
        parent_id,
        parent_wait,
        kind,
        subject_id,
        department_id,
        None,
        0,
        desk.now,
    )
    if kind == "directive" and subject_id is not None:
        instance.bound = BoundDirective(desk, subject_id)
    take_step(desk, instance, Start(node, variables))
    return instance


def take_step(desk: Desk, instance: Instance, stimulus: Stimulus) -> Step:
    """Carry a stimulus through an instance and write everything it leads to.

    Raises: Conflict (`instance.moved_meanwhile`) if somebody else was faster; InvalidMove if the subject's table
    refuses a move; Rejected from the game. Nothing is half-written: the caller's transaction is given up.
    """
    step = advance(instance.definition.net, instance.state, stimulus, desk.now)
    _save_state(desk, instance, step.state)
    desk.uow.failpoint("after_state")
    instance.state = step.state
    writer = _Writer(desk, instance, step, _given(stimulus))
    for effect in step.effects:
        writer.take(effect)
    writer.flush()
    return step


def _given(stimulus: Stimulus) -> Mapping[str, Any]:
    """What came with a stimulus: a move that its step makes may need it, as a withdrawal needs a reason."""
    match stimulus:
        case MessageArrived(_, payload):
            return payload
        case Complete(_, answers):
            return answers
        case _:
            return {}


def _save_state(desk: Desk, instance: Instance, state: State) -> None:
    uow = desk.uow
    content = state_to_bytes(state)
    if not instance.revision:
        uow.run(
            _NEW_INSTANCE,
            {
                "id": instance.id,
                "definition_id": instance.definition.id,
                "parent_instance_id": instance.parent_id,
                "parent_wait": instance.parent_wait,
                "subject_kind": instance.subject_kind,
                "subject_id": instance.subject_id,
                "department_id": instance.department_id,
                "state_bytes": content,
                "revision": 1,
                "started_at": instance.started_at,
            },
        )
    elif uow.run(_STATE, {"id": instance.id, "seen_revision": instance.revision, "state_bytes": content}) != 1:
        raise Conflict("storage.busy", "Expected the instance as it was read, but another step was faster.")
    instance.revision += 1


class _Writer:
    """Collects what the effects of one step mean as rows, and writes them together."""

    def __init__(self, desk: Desk, instance: Instance, step: Step, given: Mapping[str, Any]) -> None:
        self.desk = desk
        self.instance = instance
        self.step = step
        self.given = given
        self.nodes = instance.definition.net.nodes
        self.items: dict[int, dict[str, Any]] = {}
        self.inserts: list[tuple[Prepared, dict[str, Any]]] = []
        self.ended: e.InstanceEnded | None = None
        self.calls: list[e.CallStarted] = []
        self.follow_ups: list[Callable[[], None]] = []

    def take(self, effect: e.Effect) -> None:
        """Note or write one effect, in order."""
        _HANDLERS[type(effect)](self, effect)

    # -- nodes -----------------------------------------------------------------------------------------------------

    def department_of(self, scope: int) -> tuple[str | None, str]:
        """The leg's department (code) around a scope, None outside a leg, and the id items there belong to."""
        element = self.step.legs.get(scope, (0, None))[1] if scope else None
        if isinstance(element, str):
            department = self.desk.city.tree(self.desk.uow).by_code(element)
            if department is not None:
                return element, department.id
        return None, self.instance.department_id

    def entered(self, effect: e.NodeEntered) -> None:
        """Apply the moves of a marked node and start its clock."""
        node = self.nodes[effect.node]
        if node.loop is None and node.action is None and node.stage is None:
            return
        code, department_id = self.department_of(effect.scope)
        bound = self.instance.bound
        if bound is not None and (node.loop or node.action):
            coupling.entered(bound, node, code, self.given)
        if node.stage is not None:
            kind, subject_id = self.subject_of(code)
            place = clocks.Place(kind, subject_id, department_id, self.instance.id, node.id, effect.scope)
            due_at = clocks.start_clock(self.desk, node.stage, place, *self.case(), self.instance.chain)
            if due_at is not None:
                self.instance.due[node.index, effect.scope] = due_at

    def left(self, effect: e.NodeLeft) -> None:
        """Stop the clock of a node with a stage."""
        node = self.nodes[effect.node]
        if node.stage is not None:
            clocks.stop_node_clock(self.desk, self.instance.id, node.id, effect.scope, effect.how, self.instance.chain)

    def case(self) -> tuple[str, int | None]:
        """Event type and level that choose the policy; none for an instance that is not bound."""
        bound = self.instance.bound
        return ("", None) if bound is None else (bound.event_type, bound.level)

    def subject_of(self, code: str | None) -> tuple[str, str]:
        """Whose clock runs: the leg's task, the subject of the instance, or the instance itself."""
        instance = self.instance
        if instance.bound is not None:
            if code is not None and code in instance.bound.tasks():
                return "task", instance.bound.tasks()[code].id
            return "directive", instance.bound.id
        return "instance", instance.id

    # -- waits -----------------------------------------------------------------------------------------------------

    def item_opened(self, effect: e.ItemOpened) -> None:
        """A row in the inbox of a role and department."""
        node, instance = self.nodes[effect.node], self.instance
        code, department_id = self.department_of(effect.scope)
        task = instance.bound.tasks().get(code) if instance.bound is not None and code is not None else None
        if node.role and node.role not in DEPARTMENT_ROLES:
            department_id = instance.department_id
        self.items[effect.wait] = {
            "instance_id": instance.id,
            "wait": effect.wait,
            "node_id": node.id,
            "name": node.name or node.id,
            "role": node.role or "",
            "department_id": department_id,
            "scope": effect.scope,
            "subject_kind": instance.subject_kind,
            "subject_id": instance.subject_id,
            "task_id": task.id if task is not None else None,
            "form": node.form,
            "opened_at": self.desk.now,
            "due_at": None,
            "sort_at": NEVER,
            "claimed_by": None,
            "revision": 1,
            "stage_of": (node, effect.scope),
        }

    def item_withdrawn(self, effect: e.ItemWithdrawn) -> None:
        """The item leaves the inbox and goes to the history."""
        if self.items.pop(effect.wait, None) is None:
            end_item(self.desk, self.instance.id, effect.wait, "withdrawn", None)

    def timer_armed(self, effect: e.TimerArmed) -> None:
        """A row the heartbeat finds."""
        self.insert(_NEW_TIMER, effect.wait, node_id=self.nodes[effect.node].id, due_at=effect.due_at)

    def subscription_opened(self, effect: e.SubscriptionOpened) -> None:
        """A row a sender can address."""
        self.insert(_NEW_SUBSCRIPTION, effect.wait, message=effect.message, scope=effect.scope)

    def operation_requested(self, effect: e.OperationRequested) -> None:
        """A row the worker carries out."""
        self.insert(
            _NEW_OPERATION,
            effect.wait,
            operation=effect.operation,
            variables=dict(effect.variables),
            state="requested",
            attempts=0,
            due_at=self.desk.now,
        )

    def step_failed(self, effect: e.StepFailed) -> None:
        """A row an operator repairs."""
        self.gone(_DROP_OPERATION, effect.wait)
        self.insert(
            _NEW_FAILURE,
            effect.wait,
            node_id=self.nodes[effect.node].id,
            code=effect.code,
            message=effect.message,
            at=self.desk.now,
        )

    def insert(self, statement: Prepared, wait: int, **values: Any) -> None:
        """Note a row for `wait`."""
        self.inserts.append((statement, {"instance_id": self.instance.id, "wait": wait, **values}))

    def gone(self, statement: Prepared, wait: int) -> None:
        """Delete the row of `wait`, whether it is only noted or already written."""
        noted = [pair for pair in self.inserts if pair[1]["wait"] == wait]
        if noted:
            self.inserts = [pair for pair in self.inserts if pair[1]["wait"] != wait]
        else:
            self.desk.uow.run(statement, {"instance_id": self.instance.id, "wait": wait})

    # -- outside ---------------------------------------------------------------------------------------------------

    def message_sent(self, effect: e.MessageSent) -> None:
        """A message in the outbox; it carries ids only, never variables."""
        key = f"message:{self.instance.id}:{self.instance.revision}:{effect.node}:{effect.scope}"
        payload = {
            "instance_id": self.instance.id,
            "message": effect.message,
            "node_id": self.nodes[effect.node].id,
            "subject_kind": self.instance.subject_kind,
            "subject_id": self.instance.subject_id,
        }
        self.desk.send(f"message.{effect.message}", key, payload)

    def call_started(self, effect: e.CallStarted) -> None:
        """A child instance, begun once this step is written."""
        self.calls.append(effect)

    def call_cancelled(self, effect: e.CallCancelled) -> None:
        """The child is called off in the same transaction."""
        if any(call.wait == effect.wait for call in self.calls):
            self.calls = [call for call in self.calls if call.wait != effect.wait]
            return
        place = {"instance_id": self.instance.id, "wait": effect.wait}
        row = self.desk.uow.one(_CHILD, place)
        self.desk.uow.run(_DROP_CALL, place)
        if row is not None:
            take_step(self.desk, load(self.desk, row[0]), Cancel())

    def instance_ended(self, effect: e.InstanceEnded) -> None:
        """Remember the end; rows move to the history when the step is written."""
        self.ended = effect

    # -- writing ---------------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write what was noted, end the instance if it is over, and begin its calls."""
        uow = self.desk.uow
        for values in self.items.values():
            node, scope = values.pop("stage_of")
            due_at = self.instance.due.get((node.index, scope)) or clocks.due_of_task(self.desk, values["task_id"])
            values["due_at"] = due_at
            values["sort_at"] = due_at or NEVER
            uow.run(_NEW_ITEM, values)
        for statement, values in self.inserts:
            uow.run(statement, values)
        for call in self.calls:
            self._begin_call(call)
        if self.ended is not None:
            self._end(self.ended)
        if self.instance.bound is not None and self.instance.bound.moved:
            follow_directive(self.desk, self.instance.bound)

    def _begin_call(self, call: e.CallStarted) -> None:
        if _depth(self.desk, self.instance) >= DEEPEST_CALL:
            raise Rejected(
                "process.call_too_deep",
                f"Expected calls at most {DEEPEST_CALL} deep, but this one goes deeper.",
                element=self.nodes[call.node].id,
            )
        child = start(
            self.desk,
            published(self.desk, call.process),
            call.variables,
            department_id=self.instance.department_id,
            parent=(self.instance.id, call.wait),
        )
        if child.state is not None and child.state.outcome is None:
            values = {"instance_id": self.instance.id, "wait": call.wait, "child_instance_id": child.id}
            self.desk.uow.run(_NEW_CALL, values)

    def _end(self, ended: e.InstanceEnded) -> None:
        instance, uow = self.instance, self.desk.uow
        bound = instance.bound
        if bound is not None and instance.parent_id is None and bound.state not in DIRECTIVE.final_states:
            raise InvalidMove(
                "process.ends_with_open_subject",
                f"Expected the directive closed when its process ends, but it is {bound.state}. The loop must close.",
                state=bound.state,
            )
        for statement in _CLEAR:
            uow.run(statement, {"instance_id": instance.id})
        if uow.run(_END_INSTANCE, {"id": instance.id, "seen_revision": instance.revision}) != 1:
            raise Conflict("storage.busy", "Expected the instance as it was read, but another step was faster.")
        assert instance.state is not None
        uow.run(
            _PAST_INSTANCE,
            {
                "id": instance.id,
                "definition_id": instance.definition.id,
                "parent_instance_id": instance.parent_id,
                "subject_kind": instance.subject_kind,
                "subject_id": instance.subject_id,
                "started_at": instance.started_at,
                "ended_at": self.desk.now,
                "outcome": ended.outcome,
                "state_digest": hashlib.sha256(state_to_bytes(instance.state)).hexdigest(),
            },
        )
        if instance.parent_id is not None and ended.outcome != "cancelled":
            self._answer_caller(ended)

    def _answer_caller(self, ended: e.InstanceEnded) -> None:
        instance = self.instance
        assert instance.parent_id is not None
        assert instance.parent_wait is not None
        assert instance.state is not None
        wait = instance.parent_wait
        self.desk.uow.run(_DROP_CALL, {"instance_id": instance.parent_id, "wait": wait})
        answer: Stimulus = (
            CallFailed(wait, ended.error or "")
            if ended.outcome == "error"
            else CallEnded(wait, instance.state.variables)
        )
        take_step(self.desk, load(self.desk, instance.parent_id), answer)


def end_item(
    desk: Desk, instance_id: str, wait: int, how: str, answers: Mapping[str, Any] | None, revision: int | None = None
) -> None:
    """Move an item from the inbox to the history."""
    place = {"instance_id": instance_id, "wait": wait}
    row = desk.uow.one(_ITEM_OPENED_AT, place)
    if row is None or desk.uow.run(_DROP_ITEM, place) != 1:
        raise Conflict("work.gone", "Expected an open item, but it is done or withdrawn.", wait=wait)
    past_item(desk, instance_id, wait, row[1], row[0], how, answers)


def past_item(
    desk: Desk,
    instance_id: str,
    wait: int,
    node_id: str,
    opened_at: datetime,
    how: str,
    answers: Mapping[str, Any] | None,
) -> None:
    """Write the history row of an item that ended."""
    desk.uow.run(
        _ITEM_ENDED,
        {
            "instance_id": instance_id,
            "wait": wait,
            "node_id": node_id,
            "opened_at": opened_at,
            "ended_at": desk.now,
            "how": how,
            "actor_id": desk.actor_id,
            "answers_bytes": None if answers is None else values_to_bytes(dict(answers)),
        },
    )


def _depth(desk: Desk, instance: Instance) -> int:
    depth, parent = 1, instance.parent_id
    while parent is not None and depth <= DEEPEST_CALL:
        row = desk.uow.one(_INSTANCE, {"id": parent})
        parent = None if row is None else row[1]
        depth += 1
    return depth


def _closed(statement: Prepared) -> Callable[[_Writer, Any], None]:
    return lambda writer, effect: writer.gone(statement, effect.wait)


def _refuse_broadcast(writer: _Writer, effect: e.BroadcastSent) -> None:
    raise Rejected("process.broadcast", "Expected no broadcast, but the process sends one.", name=effect.name)


_HANDLERS: dict[type, Callable[[_Writer, Any], None]] = {
    e.NodeEntered: _Writer.entered,
    e.NodeLeft: _Writer.left,
    e.ItemOpened: _Writer.item_opened,
    e.ItemWithdrawn: _Writer.item_withdrawn,
    e.TimerArmed: _Writer.timer_armed,
    e.TimerDisarmed: _closed(_DROP_TIMER),
    e.SubscriptionOpened: _Writer.subscription_opened,
    e.SubscriptionClosed: _closed(_DROP_SUBSCRIPTION),
    e.MessageSent: _Writer.message_sent,
    e.BroadcastSent: _refuse_broadcast,
    e.CallStarted: _Writer.call_started,
    e.CallCancelled: _Writer.call_cancelled,
    e.OperationRequested: _Writer.operation_requested,
    e.OperationCancelled: _closed(_DROP_OPERATION),
    e.InstanceEnded: _Writer.instance_ended,
    e.StepFailed: _Writer.step_failed,
    e.FailureCleared: _closed(_DROP_FAILURE),
}


def node_of(instance: Instance, node_id: str) -> Node:
    """The node of an instance's process with this element id."""
    return instance.definition.net.node(node_id)
