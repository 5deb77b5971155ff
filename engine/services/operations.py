"""Registered operations: what a service node may ask for. Code comes from the installation, never from a file (D7)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select

from engine.bpmn.state import values_to_bytes
from engine.bpmn.stimuli import OperationDone, OperationFailed
from engine.errors import EngineError
from engine.storage.prepared import Prepared, update_row
from engine.storage.tables.processes import operation, process_instance

from .desk import Desk
from .instances import load_free
from .steps import take_step

log = logging.getLogger(__name__)
MOST_AT_ONCE = 200
MOST_ATTEMPTS = 4
Operation = Callable[[Mapping[str, Any]], Mapping[str, Any]]

_DUE = Prepared(
    select(
        operation.c.instance_id,
        operation.c.wait,
        operation.c.operation,
        operation.c.variables,
        operation.c.attempts,
    )
    .join_from(operation, process_instance)
    .where(
        process_instance.c.suspended_at.is_(None),
        operation.c.state == "requested",
        operation.c.due_at <= bindparam("now", type_=operation.c.due_at.type),
    )
    .order_by(operation.c.due_at)
    .limit(bindparam("limit"))
)
_AGAIN = update_row(operation, "attempts", "due_at", where=("instance_id", "wait"))
_TAKE = Prepared(
    operation.delete().where(operation.c.instance_id == bindparam("instance_id"), operation.c.wait == bindparam("wait"))
)


class BpmnError(Exception):
    """Raised by an operation to take the error boundary that catches `code`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def carry_out_due(desk: Desk, registry: Mapping[str, Operation], limit: int = MOST_AT_ONCE) -> int:
    """Carry out what was asked for, oldest first; how many were answered.

    An operation is a pure function of the variables its node sees; what it gives becomes variables. A technical fault
    is tried again after 1, 2 and 4 minutes, or as often as its node says with pauses that double up to 64, and then
    becomes a step failure; an unknown operation is one at once.
    """
    done = 0
    for instance_id, wait, name, variables, attempts in desk.uow.rows(
        _DUE, {"now": desk.now, "limit": min(limit, MOST_AT_ONCE)}
    ):
        place = {"instance_id": instance_id, "wait": wait}
        later = {**place, "attempts": attempts + 1, "due_at": desk.now + timedelta(minutes=2 ** min(attempts, 6))}
        answer = _answer(registry, name, wait, variables)
        if answer is None and attempts + 1 >= _most_attempts(desk, instance_id, wait):
            message = f"Expected “{name}” to succeed, but it failed {attempts + 1} times."
            answer = OperationFailed(wait, None, message)
        if answer is None:
            desk.uow.run(_AGAIN, later)
            continue
        try:
            with desk.part():
                instance = load_free(desk, instance_id)
                if instance is not None and desk.uow.run(_TAKE, place) == 1:
                    take_step(desk, instance, answer)
                    done += 1
        except EngineError as error:
            if error.code == "storage.busy":
                raise
            desk.uow.run(_AGAIN, later)
            log.warning("operation not taken up", extra={"instance_id": instance_id, "code": error.code})
    return done


def _answer(
    registry: Mapping[str, Operation], name: str, wait: int, variables: Mapping[str, Any]
) -> OperationDone | OperationFailed | None:
    """What the operation gives; None where it had a technical fault."""
    if name not in registry:
        return OperationFailed(wait, None, f"Expected a registered operation, but “{name}” is not one.")
    try:
        result = dict(registry[name](variables))
        values_to_bytes(result)  # what no state can hold is a fault of the operation, not of the step
        return OperationDone(wait, result)
    except BpmnError as error:
        return OperationFailed(wait, error.code)
    except Exception as fault:
        log.warning("operation failed", extra={"operation": name}, exc_info=fault)
    return None


def _most_attempts(desk: Desk, instance_id: str, wait: int) -> int:
    """How often the operation is tried at most: what its node says, else `MOST_ATTEMPTS`."""
    instance = load_free(desk, instance_id)
    state = None if instance is None else instance.state
    record = None if state is None else state.waits.get(wait)
    if instance is None or record is None:
        return MOST_ATTEMPTS
    retries = instance.definition.net.nodes[record[1]].retries
    return MOST_ATTEMPTS if retries is None else max(1, retries)
