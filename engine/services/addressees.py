"""Whom an open item is put to: what its node says of candidates and assignee, over what its lane says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from engine.bpmn.expressions import ExpressionError, compile_expression, evaluate
from engine.bpmn.net import Expression, Node
from engine.storage.prepared import Prepared
from engine.storage.tables.org import person

from .desk import Desk

_PERSON = Prepared(select(person.c.id).where(person.c.id == bindparam("id")))


@dataclass(frozen=True, slots=True)
class Addressee:
    """The role and the department's id of an item, None where the node leaves that open, and who has it from the start.

    One item has one role and one department: the first of each that is named.
    """

    role: str | None = None
    department_id: str | None = None
    person_id: str | None = None


def addressee(desk: Desk, node: Node, names: Mapping[str, Any]) -> Addressee:
    """Whom a node names, as its expressions say over `names`; names of nothing here are left out."""
    if not node.candidates and node.assignee is None:
        return Addressee()
    role = department_id = person_id = None
    tree = desk.city.tree(desk.uow)
    for name in (each for one in node.candidates for each in _values(one, names, desk)):
        if role is None and name in desk.city.profile.role_names:
            role = name
        elif department_id is None and (found := tree.by_code(name)) is not None:
            department_id = found.id
    for name in [] if node.assignee is None else _values(node.assignee, names, desk):
        row = desk.uow.one(_PERSON, {"id": name})
        person_id = None if row is None else str(row[0])
    return Addressee(role, department_id, person_id)


def _values(expression: Expression, names: Mapping[str, Any], desk: Desk) -> Iterator[str]:
    """The texts an expression gives; none where it cannot be evaluated, so that the lane decides."""
    try:
        found = evaluate(compile_expression(expression.source, expression.spelling), names, desk.now)
    except ExpressionError:
        return
    for each in found if isinstance(found, list | tuple) else [found]:
        if isinstance(each, str):
            yield each
