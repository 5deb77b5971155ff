"""Who signs in to the demo: one account for each role, and a second clerk, with passwords made for this run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.demo.departments import COMMAND
from engine.demo.rows import City
from engine.domain.roles import ROLES
from engine.passwords import random_password
from engine.services.accounts import give_passwords
from engine.services.engine import Engine

CLERKS = ("water", "traffic_police")
"""The departments whose clerks handle the guided incident."""


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """Somebody who may sign in to the demo; the password is known to nobody else."""

    person_id: str
    account: str
    name: str
    role: str
    department: str
    password: str


def open_accounts(engine: Engine, city: City) -> list[DemoAccount]:
    """Give one holder of each role a password, and a clerk of the second department; in the order of the roles."""
    accounts = [
        DemoAccount(person_id, account, name, role, department, random_password())
        for person_id, account, name, role, department in _chosen(city)
    ]
    give_passwords(engine, [(each.person_id, each.password) for each in accounts])
    return accounts


def _chosen(city: City) -> Iterator[tuple[str, str, str, str, str]]:
    codes = {row.id: row.code for row in city.departments}
    posts = {row.id: row for row in city.posts}
    people = {row.id: row for row in city.people}
    wanted = {(role, COMMAND) for role in ROLES} | {("department_clerk", code) for code in CLERKS}
    wanted |= {("department_head", CLERKS[0])}
    wanted -= {("department_clerk", COMMAND), ("department_head", COMMAND)}
    taken: set[tuple[str, str]] = set()
    held = {(posts[h.post_id].role, codes[posts[h.post_id].department_id]) for h in city.holdings}
    elsewhere = {role for role in ROLES if (role, COMMAND) not in held} - {"department_clerk", "department_head"}
    for role in ROLES:
        for holding in city.holdings:
            post = posts[holding.post_id]
            place = (post.role, codes[post.department_id])
            if post.role != role or place in taken:
                continue
            if place in wanted or (role in elsewhere and role not in {taken_role for taken_role, _ in taken}):
                taken.add(place)
                person = people[holding.person_id]
                yield person.id, person.account, person.name, role, place[1]
