"""One step of an instance as rows: the only place that turns effects into anything (architecture, contracts).

A step is: load the instance, `game.advance`, effects to rows, moves of the bound subject, clocks, the state back under
the revision it was read with. Ended children answer their callers in the same transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from engine.bpmn import effects as e
from engine.bpmn.game import Step, advance
from engine.bpmn.state import state_to_bytes
from engine.bpmn.stimuli import CallEnded, CallEscalated, CallFailed, Cancel, Complete, MessageArrived, Start, Stimulus
from engine.domain.events import StepTaken
from engine.errors import Conflict, InvalidMove, NotFound, Rejected
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables import processes as t
from engine.storage.tables.routing import external_job

from .bound import BoundDirective
from .bound_incident import BoundIncident
from .callees import callee
from .city import Definition
from .desk import Desk
from .effect_rows import EffectRows, drop
from .incident_moves import follow_directive
from .instances import Instance, bind, depth_of, load, published, suspended
from .order_rows import prepared_order, take_up_order

DEEPEST_CALL = 8

_NEW_INSTANCE = insert_into(t.process_instance)
_STATE = update_row(t.process_instance, "state_bytes", where=("id", "revision"))
_PAST_INSTANCE = insert_into(t.instance_history)
_NEW_CALL = insert_into(t.call)
_CHILD = Prepared(
    select(t.call.c.child_instance_id).where(
        t.call.c.instance_id == bindparam("instance_id"), t.call.c.wait == bindparam("wait")
    )
)
_DROP_CALL = drop(t.call)
_REVISION = Prepared(select(t.process_instance.c.revision).where(t.process_instance.c.id == bindparam("id")))
_RUNTIME = (t.work_item, t.timer, t.subscription, t.call, t.operation, t.step_failure, external_job)
_CLEAR = [Prepared(x.delete().where(x.c.instance_id == bindparam("instance_id"))) for x in _RUNTIME]
_END_INSTANCE = Prepared(
    t.process_instance.delete().where(
        t.process_instance.c.id == bindparam("id"), t.process_instance.c.revision == bindparam("seen_revision")
    )
)


def start(
    desk: Desk,
    definition: Definition,
    variables: Mapping[str, Any],
    *,
    department_id: str,
    subject: tuple[str, str] | None = None,
    parent: tuple[str, int] | None = None,
    node: str | None = None,
    id: str | None = None,
    restarted_from: str | None = None,
) -> Instance:
    """A new instance of `definition`, begun and stored; as `id`, where its caller has chosen one.

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
        id or desk.uow.new_id(),
        definition,
        parent_id,
        parent_wait,
        kind,
        subject_id,
        department_id,
        None,
        0,
        desk.now,
        None,
        restarted_from,
    )
    instance.bound = bind(desk, kind, subject_id)
    take_step(desk, instance, Start(node, variables))
    return instance


def take_step(desk: Desk, instance: Instance, stimulus: Stimulus, given: Mapping[str, Any] | None = None) -> Step:
    """Carry a stimulus through an instance and write everything it leads to.

    Shape: `given` are the answers as they were given, where the state keeps some of them sealed aside.

    Raises: Conflict (`storage.busy`) if somebody else was faster, (`instance.suspended`); InvalidMove if the subject's
    table refuses a move; Rejected from the game. Nothing is half-written: the caller's transaction is given up.
    """
    if instance.suspended_at is not None and not isinstance(stimulus, Cancel):
        raise suspended(instance)
    step = advance(instance.definition.net, instance.state, stimulus, desk.now)
    content = state_to_bytes(step.state)
    _save_state(desk, instance, content)
    desk.uow.failpoint("after_state")
    _record_step(desk, instance, stimulus, content)
    rows = EffectRows(desk, instance, instance.state, step, _given(stimulus) if given is None else given)
    instance.state = step.state
    for effect in step.effects:
        rows.take(effect)
    rows.write()
    for wait in rows.cancelled_calls:
        _cancel_call(desk, instance, wait)
    for call in rows.calls:
        if _still_calls(desk, instance, call.wait):
            _begin_call(desk, instance, call, rows.department_of(call.scope)[1])
    for code in rows.escalations:
        _escalate(desk, instance, code)
    if rows.ended is not None and (not rows.escalations or _revision(desk, instance) == instance.revision):
        _end(desk, instance, rows.ended)
    if isinstance(instance.bound, BoundDirective) and instance.bound.moved:
        follow_directive(desk, instance.bound)
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


def _record_step(desk: Desk, instance: Instance, stimulus: Stimulus, content: bytes) -> None:
    """Every step leaves a ledger row, also one that neither moves the subject nor touches a clock (D3)."""
    taken = StepTaken(
        at=desk.now,
        subject_id=instance.id,
        actor_id=desk.actor_id,
        stimulus=type(stimulus).__name__,
        wait=getattr(stimulus, "wait", 0),
        revision=instance.revision,
        state_digest=hashlib.sha256(content).hexdigest(),
    )
    desk.record(taken, instance.chain)


def _save_state(desk: Desk, instance: Instance, content: bytes) -> None:
    uow = desk.uow
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
                "suspended_at": None,
                "restarted_from": instance.restarted_from,
            },
        )
    elif uow.run(_STATE, {"id": instance.id, "seen_revision": instance.revision, "state_bytes": content}) != 1:
        raise Conflict("storage.busy", "Expected the instance as it was read, but another step was faster.")
    instance.revision += 1


def _cancel_call(desk: Desk, instance: Instance, wait: int) -> None:
    place = {"instance_id": instance.id, "wait": wait}
    row = desk.uow.one(_CHILD, place)
    desk.uow.run(_DROP_CALL, place)
    if row is None:
        return
    child = load(desk, row[0])
    if child.state is not None and child.state.outcome is not None:  # it ends in this very step, by what it escalated
        _end(desk, child, e.InstanceEnded("cancelled"))
    else:
        take_step(desk, child, Cancel())


def _revision(desk: Desk, instance: Instance) -> int | None:
    """The revision its row has by now: what an instance sends to others may come back to it within its own step."""
    row = desk.uow.one(_REVISION, {"id": instance.id})
    return None if row is None else row[0]


def _still_calls(desk: Desk, instance: Instance, wait: int) -> bool:
    """Whether a call of this step is still wanted: an earlier one that was over at once may have made it needless."""
    now = _revision(desk, instance)
    if now == instance.revision:
        return True
    state = None if now is None else load(desk, instance.id).state
    return state is not None and wait in state.waits


def _escalate(desk: Desk, instance: Instance, code: str | None) -> None:
    """Hand an escalation that nobody caught here to the call that waits for this instance."""
    if instance.parent_id is None or instance.parent_wait is None:
        return
    caller = load(desk, instance.parent_id)
    if caller.state is not None and instance.parent_wait in caller.state.waits:
        take_step(desk, caller, CallEscalated(instance.parent_wait, code))


def _called(desk: Desk, instance: Instance, call: e.CallStarted) -> Definition:
    """The version that a call means by its binding. Raises: NotFound (`definition.not_published`)."""
    asked = instance.definition.net.nodes[call.node].call
    if asked is None or asked.binding == "latest":
        return published(desk, call.process)
    id = callee(desk.uow, instance.definition.deployment_id, asked)
    if id is None:
        message = f"Expected “{call.process}” as {asked.binding} {asked.version or ''}, but none is published."
        raise NotFound("definition.not_published", message, process=call.process)
    return desk.city.definition(desk.uow, id)


def _begin_call(desk: Desk, instance: Instance, call: e.CallStarted, department_id: str) -> None:
    if depth_of(desk, instance, DEEPEST_CALL) >= DEEPEST_CALL:
        raise Rejected(
            "process.call_too_deep",
            f"Expected calls at most {DEEPEST_CALL} deep, but this one goes deeper.",
            element=instance.definition.net.nodes[call.node].id,
        )
    definition = _called(desk, instance, call)
    variables, subject = call.variables, None
    if isinstance(instance.bound, BoundIncident):
        if definition.is_order_loop:
            variables = prepared_order(desk, instance.bound.id)
            subject = ("directive", str(variables["directive_id"]))
        elif definition.moves_incident:
            subject = ("incident", instance.bound.id)
    child_id = desk.uow.new_id()  # its row is there before it begins: what it does at once may end it, or its caller
    desk.uow.run(_NEW_CALL, {"instance_id": instance.id, "wait": call.wait, "child_instance_id": child_id})
    start(
        desk,
        definition,
        variables,
        department_id=department_id,
        subject=subject,
        parent=(instance.id, call.wait),
        id=child_id,
    )
    if definition.is_order_loop and subject is not None:
        take_up_order(desk, subject[1], child_id)


def _end(desk: Desk, instance: Instance, ended: e.InstanceEnded) -> None:
    uow = desk.uow
    bound = instance.bound
    if bound is not None and not bound.is_settled:
        raise InvalidMove(
            "process.ends_with_open_subject",
            f"Expected the {instance.subject_kind} closed when its process ends, but it is {bound.state}. "
            "The loop must close.",
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
            "ended_at": desk.now,
            "outcome": ended.outcome,
            "state_digest": hashlib.sha256(state_to_bytes(instance.state)).hexdigest(),
            "department_id": instance.department_id,
            "restarted_from": instance.restarted_from,
        },
    )
    if instance.parent_id is not None and ended.outcome != "cancelled":
        _answer_caller(desk, instance, ended)


def _answer_caller(desk: Desk, instance: Instance, ended: e.InstanceEnded) -> None:
    assert instance.parent_id is not None
    assert instance.parent_wait is not None
    assert instance.state is not None
    wait = instance.parent_wait
    desk.uow.run(_DROP_CALL, {"instance_id": instance.parent_id, "wait": wait})
    answer: Stimulus = (
        CallFailed(wait, ended.error or "") if ended.outcome == "error" else CallEnded(wait, instance.state.variables)
    )
    take_step(desk, load(desk, instance.parent_id), answer)
