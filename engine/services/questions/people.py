"""Who holds which post now."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import or_, select

from engine.storage.tables.org import person, post, post_holding
from engine.storage.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Holder:
    """A person on a post."""

    name: str
    account: str
    role: str
    is_deputy: bool


def holders(uow: UnitOfWork) -> dict[str, list[Holder]]:
    """Those who hold a post at this instant, by department id."""
    h = post_holding.c
    found = (
        select(post.c.department_id, person.c.name, person.c.account, post.c.role, h.deputy_of)
        .join_from(post_holding, post)
        .join(person, person.c.id == h.person_id)
        .where(h.valid_from <= uow.now, or_(h.valid_to.is_(None), h.valid_to > uow.now), person.c.status == "active")
        .order_by(post.c.role, person.c.account)
    )
    by_department: dict[str, list[Holder]] = defaultdict(list)
    for department_id, name, account, role, deputy_of in uow.found(found):
        by_department[department_id].append(Holder(name, account, role, deputy_of is not None))
    return by_department
