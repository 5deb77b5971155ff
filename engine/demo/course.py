"""How an order of the script goes on: for each open work item, when somebody does it and what they answer.

Nothing runs here; `play` asks when an item opens and does as it is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from engine.demo.city import SEED
from engine.demo.day import Leg, Order
from engine.demo.names import number

_PACE_S = {
    "draft": (30, 60),
    "review": (40, 60),
    "cosign": (30, 40),
    "issue": (20, 40),
    "decide_return": (60, 120),
    "paper": (1200, 2400),
    "supervise": (60, 120),
    "verify": (240, 480),
    "evaluate": (300, 600),
}
"""Seconds a centre takes for an item: at least, and how many more at most. Inside the tightest limit of the profile."""

_HANDLING = 0.8
"""Share of a leg's work that passes before it is handled; writing the feedback takes the rest."""


@dataclass(frozen=True, slots=True)
class Item:
    """An open work item as its row says."""

    instance_id: str
    wait: int
    node_id: str
    role: str
    department_id: str
    form: str | None
    subject_id: str
    revision: int
    process_id: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What happens to an item: done `after` it opened, with these answers beside what its form asks for."""

    after: timedelta
    choices: dict[str, Any]


@dataclass(slots=True)
class Course:
    """An order on its way: its script, its legs by the id of their department, and the detours already taken."""

    name: str
    order: Order
    legs: dict[str, Leg]
    taken: set[str] = field(default_factory=set)

    def turn(self, item: Item) -> Turn | None:
        """What happens to an item that has just opened; None where the script leaves it open.

        A detour (sent back for revision, returned, sent back for rework) is taken once, at the first asking.
        """
        leg = self.legs.get(item.department_id)
        detour = self._detour(item.node_id, leg)
        if detour is not None:
            return Turn(self._pause(item, leg), detour)
        if self._waits(item.node_id, leg):
            return None
        return Turn(self._pause(item, leg), self._answers(item.node_id))

    def _detour(self, node_id: str, leg: Leg | None) -> dict[str, Any] | None:
        if node_id == "review" and self.order.is_revised and self._first("revise"):
            return {"decision": "return_for_revision", "reason": "措施不够具体，请补充"}
        if node_id == "sign" and leg is not None and leg.is_returned and self._first(f"return:{leg.department}"):
            return {"decision": "return", "reason": "不属本单位职责，建议改派", "reason_code": "not_competent"}
        poor = [each.department for each in self.order.legs if each.is_rework]
        if node_id == "verify" and poor and self._first("rework"):
            return {"decision": "fail", "reason": "现场仍有遗留问题，请返工", "legs": poor}
        return None

    def _first(self, detour: str) -> bool:
        """Whether the detour is taken now for the first time."""
        is_first = detour not in self.taken
        self.taken.add(detour)
        return is_first

    def _waits(self, node_id: str, leg: Leg | None) -> bool:
        """Whether the day ends before anybody does this; at sign and handle only the last leg is left behind."""
        return node_id == self.order.waits_at and (leg is None or leg is self.order.legs[-1])

    def _pause(self, item: Item, leg: Leg | None) -> timedelta:
        if leg is not None:
            match item.node_id:
                case "sign":
                    return leg.sign_after / 2 if leg.is_returned else leg.sign_after
                case "handle":
                    return leg.work_for * _HANDLING
                case "feedback":
                    return leg.work_for * (1 - _HANDLING)
        least, more = _PACE_S[item.node_id]
        return timedelta(seconds=least + number(SEED, f"pace/{self.name}/{item.wait}", more))

    def _answers(self, node_id: str) -> dict[str, Any]:
        match node_id:
            case "draft":
                return {"objective": self.order.objective, "content": self.order.content}
            case "feedback":
                return {"text": f"已{self.order.objective}，现场恢复正常"}
            case "evaluate":
                return {"score": 70 + number(SEED, f"score/{self.name}", 30)}
        return {}
