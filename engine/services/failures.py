"""Step failures: what an operator repairs, and the command that tries the parked node again.

A step failure is a node that could not go on — a condition over an unknown name, an operation that failed for good.
Its token waits there; nothing else of the instance is held up.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select

from engine.bpmn.stimuli import Retry
from engine.domain.events import FailureRetried
from engine.errors import NotFound
from engine.storage.prepared import Prepared
from engine.storage.tables.processes import step_failure

from .care import tended
from .codes import require_codes
from .desk import Desk
from .instances import load
from .steps import take_step

REPAIR = "process:failure:repair"

_FAILURE = Prepared(
    select(step_failure.c.code).where(
        step_failure.c.instance_id == bindparam("instance_id"), step_failure.c.wait == bindparam("wait")
    )
)


def retry_failure(
    desk: Desk,
    instance_id: str,
    wait: int,
    variables: Mapping[str, Any] | None = None,
    reason: str = "",
    batch_id: str | None = None,
) -> dict[str, Any]:
    """Try the node of a step failure again, with these variables corrected; who did it stands in the ledger.

    A node that fails again is a step failure again. Shape: the answer names the instance and how it ended, if it did.
    Raises: NotFound (`instance.unknown`, `failure.unknown`); NotAllowed without `process:failure:repair`; Rejected
    (`care.free_text`) for variables that hold more than ids, codes and numbers; whatever the step refuses.
    """
    instance = load(desk, instance_id)
    desk.require(REPAIR, instance.department_id)
    row = desk.uow.one(_FAILURE, {"instance_id": instance_id, "wait": wait})
    if row is None:
        raise NotFound("failure.unknown", "Expected a step failure, but there is none.", id=instance_id, wait=wait)
    corrected = dict(variables or {})
    require_codes(corrected, "care.free_text")
    retried = FailureRetried(
        at=desk.now,
        subject_id=instance_id,
        actor_id=desk.actor_id,
        wait=wait,
        failure=row[0],
        corrected=len(corrected),
    )
    desk.record(retried, instance.chain)
    if reason:
        names = sorted(corrected)
        tended(desk, instance, "retry", reason, batch_id=batch_id, wait=wait, failure=row[0], corrected=names)
    step = take_step(desk, instance, Retry(wait, corrected))
    return {"instance_id": instance_id, "wait": wait, "ended": step.state.outcome}
