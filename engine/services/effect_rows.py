"""What the effects of one step mean as rows: items, timers, subscriptions, moves of the subject, clocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Table, bindparam, func, select

from engine.bpmn import coupling
from engine.bpmn import effects as e
from engine.bpmn.game import Step
from engine.bpmn.net import Node
from engine.bpmn.play import leg_and_element
from engine.bpmn.state import State, values_to_bytes
from engine.domain.roles import DEPARTMENT_ROLES
from engine.errors import Conflict
from engine.storage.prepared import Prepared, insert_into
from engine.storage.tables import processes as t
from engine.storage.tables.routing import external_job
from engine.storage.types import NEVER

from . import clocks
from .addressees import addressee
from .addressing import listeners
from .bound import BoundDirective
from .desk import Desk
from .instances import Instance
from .letters import Letter, Opened

_NEW_ITEM = insert_into(t.work_item)
_ITEM_ENDED = insert_into(t.item_history)
_NEW_TIMER = insert_into(t.timer)
_NEW_SUBSCRIPTION = insert_into(t.subscription)
_NEW_OPERATION = insert_into(t.operation)
_NEW_FAILURE = insert_into(t.step_failure)
_NEW_JOB = insert_into(external_job)
_ITEM_OPENED_AT = Prepared(
    select(t.work_item.c.opened_at, t.work_item.c.node_id).where(
        t.work_item.c.instance_id == bindparam("instance_id"), t.work_item.c.wait == bindparam("wait")
    )
)

_ROUNDS = Prepared(
    select(func.count()).where(
        t.item_history.c.instance_id == bindparam("instance_id"),
        t.item_history.c.node_id == bindparam("node_id"),
        t.item_history.c.how == "completed",
    )
)
"""How often a node of an instance was completed: asked for where a drawing sets a number of rounds alone."""


def drop(table: Table) -> Prepared:
    """A DELETE of the row of one wait."""
    return Prepared(
        table.delete().where(table.c.instance_id == bindparam("instance_id"), table.c.wait == bindparam("wait"))
    )


_DROP_ITEM = drop(t.work_item)
_DROP_TIMER = drop(t.timer)
_DROP_SUBSCRIPTION = drop(t.subscription)
_DROP_OPERATION = drop(t.operation)
_DROP_FAILURE = drop(t.step_failure)
_DROP_JOB = drop(external_job)

MOST_TRIES = 3
"""How often external work is tried where its node says nothing."""


class EffectRows:
    """Collects what the effects of one step mean as rows, and writes them together."""

    def __init__(
        self, desk: Desk, instance: Instance, before: State | None, step: Step, given: Mapping[str, Any]
    ) -> None:
        self.desk = desk
        self.instance = instance
        self.before = before
        self.step = step
        self.given = given
        self.nodes = instance.definition.net.nodes
        self.items: dict[int, dict[str, Any]] = {}
        self.inserts: list[tuple[Prepared, dict[str, Any]]] = []
        self.ended: e.InstanceEnded | None = None
        self.calls: list[e.CallStarted] = []
        self.cancelled_calls: list[int] = []
        self.escalations: list[str | None] = []
        self.sent = 0

    def take(self, effect: e.Effect) -> None:
        """Note or write one effect, in order."""
        _HANDLERS[type(effect)](self, effect)

    # -- nodes -----------------------------------------------------------------------------------------------------

    def department_of(self, scope: int) -> tuple[str | None, str]:
        """The leg's department (code) around a scope, None outside a leg, and the id items there belong to."""
        element = self._element(scope) if scope else None
        if isinstance(element, str):
            department = self.desk.city.tree(self.desk.uow).by_code(element)
            if department is not None:
                return element, department.id
        return None, self.instance.department_id

    def _element(self, scope: int) -> Any:
        if scope in self.step.legs:
            return self.step.legs[scope][1]
        assert self.before is not None  # a scope that nothing entered in this step was there before it
        return leg_and_element(self.instance.definition.net, self.before, scope)[1]

    def entered(self, effect: e.NodeEntered) -> None:
        """Apply the moves of a marked node and start its clock."""
        node = self.nodes[effect.node]
        if node.loop is None and node.action is None and node.stage is None:
            return
        code, department_id = self.department_of(effect.scope)
        bound = self.instance.bound
        if isinstance(bound, BoundDirective):
            coupling.entered(bound, node, code, self.given)
        elif bound is not None:
            coupling.entered_for_incident(bound, node, self.given)
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
            kind, subject_id = self.subject_of(self.department_of(effect.scope)[0])
            place = clocks.Place(kind, subject_id, "", self.instance.id, node.id, effect.scope)
            clocks.stop_node_clock(self.desk, node.stage, place, effect.how, self.instance.chain)

    def case(self) -> tuple[str, int | None]:
        """Event type and level that choose the policy; none for an instance that is not bound."""
        bound = self.instance.bound
        return ("", None) if bound is None else (bound.event_type, bound.level)

    def subject_of(self, code: str | None) -> tuple[str, str]:
        """Whose clock runs: the leg's task, the subject of the instance, or the instance itself."""
        instance = self.instance
        bound = instance.bound
        if bound is None:
            return "instance", instance.id
        if isinstance(bound, BoundDirective) and code is not None and code in bound.tasks():
            return "task", bound.tasks()[code].id
        return str(instance.subject_kind), bound.id

    # -- waits -----------------------------------------------------------------------------------------------------

    def item_opened(self, effect: e.ItemOpened) -> None:
        """A row in the inbox of a role and department."""
        node, instance = self.nodes[effect.node], self.instance
        code, department_id = self.department_of(effect.scope)
        bound = instance.bound
        task = bound.tasks().get(code) if isinstance(bound, BoundDirective) and code is not None else None
        named = addressee(self.desk, node, self.step.state.seen_from(effect.scope))
        role = named.role or self._who_decides(node)
        if named.department_id is not None:
            department_id = named.department_id
        elif role and role not in DEPARTMENT_ROLES:
            department_id = instance.department_id
        self.items[effect.wait] = {
            "instance_id": instance.id,
            "wait": effect.wait,
            "node_id": node.id,
            "name": node.name or node.id,
            "role": role,
            "department_id": department_id,
            "scope": effect.scope,
            "subject_kind": instance.subject_kind,
            "subject_id": instance.subject_id,
            "task_id": task.id if task is not None else None,
            "form": node.form,
            "opened_at": self.desk.now,
            "due_at": None,
            "sort_at": NEVER,
            "claimed_by": named.person_id,
            "revision": 1,
            "changed_by": None,
            "changed_at": None,
            "stage_of": (node, effect.scope),
        }

    def _who_decides(self, node: Node) -> str:
        """The role an item is put to: its lane's, or once its rounds are used up the one that ends the rework."""
        if node.rounds is None or node.exit is None:
            return node.role or ""
        done = self.desk.uow.one(_ROUNDS, {"instance_id": self.instance.id, "node_id": node.id})
        return node.exit if done is not None and done[0] >= node.rounds else node.role or ""

    def item_withdrawn(self, effect: e.ItemWithdrawn) -> None:
        """The item leaves the inbox and goes to the history."""
        if self.items.pop(effect.wait, None) is None:
            end_item(self.desk, self.instance.id, effect.wait, "withdrawn", None)

    def timer_armed(self, effect: e.TimerArmed) -> None:
        """A row the heartbeat finds."""
        self.insert(_NEW_TIMER, effect.wait, node_id=self.nodes[effect.node].id, due_at=effect.due_at)

    def subscription_opened(self, effect: e.SubscriptionOpened) -> None:
        """A row a sender can address, or a broadcast finds."""
        self.insert(
            _NEW_SUBSCRIPTION,
            effect.wait,
            message=effect.message,
            scope=effect.scope,
            key=effect.key,
            broadcast=effect.kind == "broadcast",
            opened_at=self.desk.now,
        )

    def operation_requested(self, effect: e.OperationRequested) -> None:
        """A row the worker carries out, or one that a program outside fetches by its topic."""
        if effect.topic is not None:
            self._offer(effect, effect.topic)
            return
        self.insert(
            _NEW_OPERATION,
            effect.wait,
            operation=effect.operation,
            variables={name: plain(value) for name, value in effect.variables.items()},
            state="requested",
            attempts=0,
            due_at=self.desk.now,
        )

    def _offer(self, effect: e.OperationRequested, topic: str) -> None:
        node = self.nodes[effect.node]
        self.insert(
            _NEW_JOB,
            effect.wait,
            id=self.desk.uow.new_id(),
            node_id=node.id,
            topic=topic,
            variables={name: plain(value) for name, value in effect.variables.items()},
            retries=MOST_TRIES if node.retries is None else max(1, node.retries),
            worker=None,
            locked_until=None,
            due_at=self.desk.now,
            error=None,
        )

    def step_failed(self, effect: e.StepFailed) -> None:
        """A row an operator repairs."""
        self.operation_cancelled(effect)
        self.insert(
            _NEW_FAILURE,
            effect.wait,
            node_id=self.nodes[effect.node].id,
            code=effect.code,
            message=effect.message,
            at=self.desk.now,
        )

    def operation_cancelled(self, effect: e.OperationCancelled | e.StepFailed) -> None:
        """Nobody's answer to this work is wanted any more, ours or that of a program outside."""
        self.gone(_DROP_OPERATION, effect.wait)
        self.gone(_DROP_JOB, effect.wait)

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
        """A message in the outbox, with ids only, and a letter to the instance that waits for it.

        A letter carries what the node's inputs map and nothing else: instances do not see each other's variables.
        """
        self.sent += 1
        key = f"message:{self.instance.id}:{self.instance.revision}:{self.sent}"
        payload = {
            "instance_id": self.instance.id,
            "message": effect.message,
            "node_id": self.nodes[effect.node].id,
            "subject_kind": self.instance.subject_kind,
            "subject_id": self.instance.subject_id,
        }
        self.desk.send(f"message.{effect.message}", key, payload)
        self._post("message", effect.node, effect.message, effect.payload, key=effect.key)

    def broadcast_sent(self, effect: e.BroadcastSent) -> None:
        """A letter to everyone who waits for the broadcast at this moment."""
        receivers = listeners(self.desk, effect.name, self.instance.id)
        self._post("broadcast", effect.node, effect.name, effect.payload, receivers=receivers)

    def _post(self, kind: Any, node: int, name: str, payload: Mapping[str, Any], **more: Any) -> None:
        instance = self.instance
        mapped = {target: payload[target] for _, target in self.nodes[node].inputs if target in payload}
        subject = (instance.subject_kind, instance.subject_id)
        letter = Letter(kind, name, mapped, subject=subject, department_id=instance.department_id, **more)
        self.desk.letters.append(letter)

    def escalation_sent(self, effect: e.EscalationSent) -> None:
        """An escalation for the caller, once this step is written."""
        self.escalations.append(effect.code)

    def call_started(self, effect: e.CallStarted) -> None:
        """A child instance to begin once this step is written."""
        self.calls.append(effect)

    def call_cancelled(self, effect: e.CallCancelled) -> None:
        """A child instance to call off once this step is written."""
        if any(call.wait == effect.wait for call in self.calls):
            self.calls = [call for call in self.calls if call.wait != effect.wait]
        else:
            self.cancelled_calls.append(effect.wait)

    def instance_ended(self, effect: e.InstanceEnded) -> None:
        """Remember the end; rows move to the history when the step is written."""
        self.ended = effect

    # -- writing ---------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Write the rows that were noted."""
        uow = self.desk.uow
        for values in self.items.values():
            node, scope = values.pop("stage_of")
            due_at = self.instance.due.get((node.index, scope)) or clocks.due_of_task(self.desk, values["task_id"])
            values["due_at"] = due_at
            values["sort_at"] = due_at or NEVER
            uow.run(_NEW_ITEM, values)
        instance = self.instance
        for statement, values in self.inserts:
            uow.run(statement, values)
            if statement is _NEW_SUBSCRIPTION and not values["broadcast"]:
                subject = (instance.subject_kind, instance.subject_id)
                opened = Opened(instance.id, values["wait"], values["message"], values["key"], subject)
                self.desk.opened.append(opened)


def end_item(desk: Desk, instance_id: str, wait: int, how: str, answers: Mapping[str, Any] | None) -> None:
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


def plain(value: Any) -> Any:
    """A process value as JSON holds it: instants, dates, durations and decimals as text."""
    if isinstance(value, date):  # an instant is a date too
        return value.isoformat()
    if isinstance(value, timedelta | Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return value


def _closed(statement: Prepared) -> Callable[[EffectRows, Any], None]:
    return lambda rows, effect: rows.gone(statement, effect.wait)


def _stays_inside(rows: EffectRows, effect: Any) -> None:
    """What the game settles by itself has no row."""


_HANDLERS: dict[type, Callable[[EffectRows, Any], None]] = {
    e.NodeEntered: EffectRows.entered,
    e.NodeLeft: EffectRows.left,
    e.ItemOpened: EffectRows.item_opened,
    e.ItemWithdrawn: EffectRows.item_withdrawn,
    e.TimerArmed: EffectRows.timer_armed,
    e.TimerDisarmed: _closed(_DROP_TIMER),
    e.SubscriptionOpened: EffectRows.subscription_opened,
    e.SubscriptionClosed: _closed(_DROP_SUBSCRIPTION),
    e.ConditionArmed: _stays_inside,
    e.ConditionDisarmed: _stays_inside,
    e.MessageSent: EffectRows.message_sent,
    e.BroadcastSent: EffectRows.broadcast_sent,
    e.EscalationSent: EffectRows.escalation_sent,
    e.CallStarted: EffectRows.call_started,
    e.CallCancelled: EffectRows.call_cancelled,
    e.OperationRequested: EffectRows.operation_requested,
    e.OperationCancelled: EffectRows.operation_cancelled,
    e.InstanceEnded: EffectRows.instance_ended,
    e.StepFailed: EffectRows.step_failed,
    e.FailureCleared: _closed(_DROP_FAILURE),
}
