"""Which version a call means: the newest, one of the same deployment, a number, a tag."""

from __future__ import annotations

from sqlalchemy import ColumnElement, bindparam, select

from engine.bpmn.net import Call
from engine.storage.prepared import Prepared
from engine.storage.tables.processes import definition
from engine.storage.uow import UnitOfWork

_c = definition.c


def _newest(*where: ColumnElement[bool]) -> Prepared:
    """The newest published version of a process of which this holds."""
    of = (_c.process_id == bindparam("process_id"), _c.state == "published")
    return Prepared(select(_c.id).where(*of, *where).order_by(_c.version.desc()).limit(1))


_LATEST = _newest(_c.effective_from <= bindparam("now", type_=_c.effective_from.type))
_OF_DEPLOYMENT = _newest(_c.deployment_id == bindparam("deployment_id"))
_NUMBERED = _newest(_c.version == bindparam("version"))
_TAGGED = _newest(_c.tag == bindparam("tag"))


def callee(uow: UnitOfWork, deployment_id: str | None, call: Call) -> str | None:
    """The id of the published version that a call from a version of this deployment means; None where there is none.

    A version that is named by number, tag or deployment is called whether or not a newer one is in force.
    """
    process = {"process_id": call.process}
    match call.binding:
        case "deployment":
            row = uow.one(_OF_DEPLOYMENT, {**process, "deployment_id": deployment_id})
        case "version":
            number = int(call.version) if call.version and call.version.isdecimal() else 0
            row = uow.one(_NUMBERED, {**process, "version": number})
        case "tag":
            row = uow.one(_TAGGED, {**process, "tag": call.version})
        case _:
            row = uow.one(_LATEST, {**process, "now": uow.now})
    return None if row is None else str(row[0])
