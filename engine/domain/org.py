"""The organisation: departments in a tree, posts in departments, who holds a post and who is on shift when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from engine.domain.access import Holding, Subject
from engine.errors import NotFound, Rejected


@dataclass(frozen=True, slots=True)
class Department:
    """A department or centre. `centre_kind` is command, monitoring, hotline, medical or data for a centre."""

    id: str
    code: str
    name_zh: str
    name_en: str
    parent_id: str | None = None
    kind: str = "bureau"
    level: str = "city"
    calendar: str = "7x24"
    centre_kind: str | None = None
    fallback_department_id: str | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A post of a department; holding it gives the role there."""

    id: str
    department_id: str
    role: str


@dataclass(frozen=True, slots=True)
class PostHolding:
    """A person on a post from `valid_from` up to `valid_to`; as a deputy where `deputy_of` names whom."""

    post_id: str
    person_id: str
    valid_from: datetime
    valid_to: datetime | None = None
    deputy_of: str | None = None

    def is_valid(self, at: datetime) -> bool:
        """Whether the post is held at that instant."""
        return self.valid_from <= at and (self.valid_to is None or at < self.valid_to)


@dataclass(frozen=True, slots=True)
class DutyShift:
    """A person on duty for a department from `on_from` up to `on_to`."""

    department_id: str
    person_id: str
    on_from: datetime
    on_to: datetime


class DepartmentTree:
    """The departments of a city as a tree (or several), checked once when built.

    Raises: Rejected `org.department_twice`, `org.unknown_parent`, `org.cycle`.
    """

    def __init__(self, departments: Iterable[Department]) -> None:
        self._by_id: dict[str, Department] = {}
        for department in departments:
            if department.id in self._by_id:
                raise Rejected(
                    "org.department_twice",
                    f"Expected each department once, but {department.id} is there twice.",
                    department=department.id,
                )
            self._by_id[department.id] = department
        self._paths = {id_: self._climb(id_) for id_ in self._by_id}
        self._children: dict[str, list[str]] = defaultdict(list)
        for department in self._by_id.values():
            if department.parent_id is not None:
                self._children[department.parent_id].append(department.id)

    def _climb(self, department_id: str) -> tuple[str, ...]:
        path = [department_id]
        while (parent := self._by_id[path[-1]].parent_id) is not None:
            if parent not in self._by_id:
                raise Rejected(
                    "org.unknown_parent",
                    f"Expected the parent of {path[-1]} among the departments, but {parent} is not.",
                    department=path[-1],
                )
            if parent in path:
                raise Rejected("org.cycle", f"Expected a tree, but {parent} is above itself.", department=parent)
            path.append(parent)
        return tuple(path)

    def __contains__(self, department_id: object) -> bool:
        return department_id in self._by_id

    def department(self, department_id: str) -> Department:
        """The department of that id.

        Raises: NotFound `org.unknown_department`.
        """
        department = self._by_id.get(department_id)
        if department is None:
            raise NotFound(
                "org.unknown_department",
                f"Expected a department of the city, but {department_id!r} is none.",
                department=department_id,
            )
        return department

    def all(self) -> tuple[Department, ...]:
        """Every department, in the order given."""
        return tuple(self._by_id.values())

    def by_code(self, code: str) -> Department | None:
        """The department with that code, if the city has one."""
        return self._by_code.get(code)

    @cached_property
    def _by_code(self) -> dict[str, Department]:
        return {department.code: department for department in self._by_id.values()}

    def path(self, department_id: str) -> tuple[str, ...]:
        """The ids from the department up to the root, itself first."""
        self.department(department_id)
        return self._paths[department_id]

    def ancestors(self, department_id: str) -> tuple[str, ...]:
        """The ids above the department, nearest first."""
        return self.path(department_id)[1:]

    def children(self, department_id: str) -> tuple[str, ...]:
        """The ids directly below the department."""
        return tuple(self._children.get(department_id, ()))

    def subtree(self, department_id: str) -> frozenset[str]:
        """The ids of the department and of everything below it."""
        self.department(department_id)
        return frozenset(id_ for id_, path in self._paths.items() if department_id in path)

    def overseen(self, department_id: str) -> frozenset[str]:
        """The ids of what is supervised from there: everything below; from a centre, everything below its parent."""
        place = self.department(department_id)
        return self.subtree(place.id if place.centre_kind is None else place.parent_id or place.id)

    def common_ancestor(self, first: str, second: str) -> str | None:
        """The nearest department above both (a department counts as above itself); None in different trees."""
        over_second = set(self.path(second))
        return next((id_ for id_ in self.path(first) if id_ in over_second), None)

    def subject(self, *department_ids: str, grid_cell_ids: Iterable[str] = ()) -> Subject:
        """What `access.permits` asks about: an object that lies on all of these departments and cells."""
        ids = (id_ for department_id in department_ids for id_ in self.path(department_id))
        return Subject(frozenset(ids), frozenset(grid_cell_ids))


class Roster:
    """Who holds which post and who is on shift; asked with an instant."""

    def __init__(
        self, posts: Iterable[Post], holdings: Iterable[PostHolding], shifts: Iterable[DutyShift] = ()
    ) -> None:
        self._posts = {post.id: post for post in posts}
        self._by_place: dict[tuple[str, str], list[PostHolding]] = defaultdict(list)
        self._by_person: dict[str, list[PostHolding]] = defaultdict(list)
        # A deputy comes after the holders proper, else whoever has been there longest: the same answer every time.
        for holding in sorted(holdings, key=lambda h: (h.deputy_of is not None, h.valid_from, h.person_id)):
            post = self._posts[holding.post_id]
            self._by_place[post.department_id, post.role].append(holding)
            self._by_person[holding.person_id].append(holding)
        self._shifts: dict[str, list[DutyShift]] = defaultdict(list)
        for shift in sorted(shifts, key=lambda s: (s.on_from, s.person_id)):
            self._shifts[shift.department_id].append(shift)

    def holder(self, department_id: str, role: str, at: datetime) -> PostHolding | None:
        """Who holds a post with the role in exactly this department; a deputy where the post itself is vacant."""
        held = self._by_place.get((department_id, role), ())
        return next((holding for holding in held if holding.is_valid(at)), None)

    def on_duty(self, department_id: str, at: datetime) -> str | None:
        """The id of the person on shift in this department at that instant."""
        shifts = self._shifts.get(department_id, ())
        return next((shift.person_id for shift in shifts if shift.on_from <= at < shift.on_to), None)

    def is_active(self, person_id: str, at: datetime) -> bool:
        """Whether the person holds any post at that instant."""
        return any(holding.is_valid(at) for holding in self._by_person.get(person_id, ()))

    def holdings_of(self, person_id: str, at: datetime) -> tuple[Holding, ...]:
        """The roles the person holds at that instant, as `access` reads them."""
        valid = (h for h in self._by_person.get(person_id, ()) if h.is_valid(at))
        posts = (self._posts[holding.post_id] for holding in valid)
        return tuple(Holding(post.role, post.department_id) for post in posts)
