"""Conditions of a proof: true, false, or both where nobody can say; the same question has the same answer in a step.

An `Oracle` answers what hangs on data that the proof does not know. It is given a tape of answers and writes down what
was asked beyond it, so that whoever plays a step can play it again with every other answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.bpmn.expressions.tree import Tree

UNKNOWN = "\0unknown"
"""The value of a variable of which a proof knows nothing."""

_COUNTS = frozenset({"nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances", "loopCounter"})
"""Numbers that a proof with two legs and two rounds must not take for those of a case with more."""


class Oracle:
    """Answers by a tape; beyond its end always the first answer, and `trail` says how many there were."""

    __slots__ = ("_atoms", "tape", "trail")

    def __init__(self) -> None:
        self.begin(())

    def begin(self, tape: tuple[int, ...]) -> None:
        """Begin a step with these answers."""
        self.tape = tape
        self.trail: list[tuple[int, int]] = []
        self._atoms: dict[Any, int] = {}

    def ask(self, answers: int) -> int:
        """One of `answers` answers, by its number."""
        at = len(self.trail)
        chosen = self.tape[at] if at < len(self.tape) else 0
        self.trail.append((chosen, answers))
        return chosen

    def pick(self, question: Any, answers: int) -> int:
        """One of `answers` answers to a question, the same for the same question as long as the step lasts."""
        key = ("pick", question)
        if key not in self._atoms:
            self._atoms[key] = self.ask(answers)
        return self._atoms[key]

    def others(self) -> list[tuple[int, ...]]:
        """The tapes that differ from this one first at something it did not hold."""
        chosen = tuple(answer for answer, _ in self.trail)
        return [
            (*chosen[:at], other) for at in range(len(self.tape), len(chosen)) for other in range(1, self.trail[at][1])
        ]

    def holds(self, tree: Tree, names: Mapping[str, Any]) -> bool:
        """Whether a condition holds: as far as the names say, else as the tape says."""
        return self._truth(tree, names)

    def _truth(self, tree: Tree, names: Mapping[str, Any]) -> bool:
        match tree:
            case ("const", _, value):
                return value is True
            case ("and", _, parts):
                return all(self._truth(part, names) for part in parts)
            case ("or", _, parts):
                return any(self._truth(part, names) for part in parts)
            case ("not" | "unless", _, part) | ("call", _, "not", (part,)):
                return not self._truth(part, names)
            case ("call", _, "coalesce", (part, ("const", _, False))):
                return self._truth(part, names)
            case ("if", _, test, yes, no):
                return self._truth(yes if self._truth(test, names) else no, names)
            case ("compare", _, sign, left, right):
                return self._compared(sign, left, right, names)
            case ("equal", _, left, right):
                return self._compared("=", left, right, names)
            case ("unequal", _, left, right):
                return self._compared("!=", left, right, names)
            case ("order", _, sign, left, right):
                return self._compared(sign, left, right, names)
            case ("in", _, left, right):
                return self._member(tree, left, right, names)
            case ("name" | "variable", _, name):
                return names[name] is True if _is_known(name, names) else self._atom(("is", name))
        return self._atom(plain(tree))

    def _compared(self, sign: str, left: Tree, right: Tree, names: Mapping[str, Any]) -> bool:
        if sign in ("!=", ">=", "<="):
            return not self._compared({"!=": "=", ">=": "<", "<=": ">"}[sign], left, right, names)
        one, two = _value(left, names), _value(right, names)
        if one is not UNKNOWN and two is not UNKNOWN:
            return _compare(sign, one, two)
        if sign == "<":
            left, right, sign = right, left, ">"
        left, right = plain(left), plain(right)
        if sign == "=" and repr(left) > repr(right):
            left, right = right, left
        return self._ordered(sign, left, right)

    def _ordered(self, sign: str, left: Any, right: Any) -> bool:
        """An open comparison, but where what was answered before in this step decides it."""
        atoms = self._atoms
        if sign == "=":
            if any(answer for (kind, *sides), answer in atoms.items() if kind == ">" and {left, right} == set(sides)):
                return False
            opposite = _opposite(left, right)
            if opposite is not None and atoms.get(("=", *sorted(opposite, key=repr))) is False:
                return True  # a truth value is one of two
            for own, other in ((left, right), (right, left)):
                if own[0] == "const" and any(
                    answer
                    for (kind, *sides), answer in atoms.items()
                    if kind == "=" and other in sides and own not in sides and any(side[0] == "const" for side in sides)
                ):
                    return False  # it equals another constant
        else:
            if atoms.get(("=", *sorted((left, right), key=repr))) or atoms.get((">", right, left)):
                return False
            if atoms.get((">", right, left)) is False and ("=", *sorted((left, right), key=repr)) in atoms:
                return True  # neither equal nor the other way round
        return self._atom((sign, left, right))

    def _member(self, tree: Tree, left: Tree, right: Any, names: Mapping[str, Any]) -> bool:
        items = right[2] if right and right[0] == "list" else None
        if items is None and isinstance(right, tuple) and all(part[:1] == ("test",) for part in right):
            items = tuple(part[3] for part in right if part[2] is None)
            items = items if len(items) == len(right) else None
        if items is not None:
            return any(self._compared("=", left, item, names) for item in items)
        one = _value(left, names)
        many = _value(right, names) if right and isinstance(right[0], str) else UNKNOWN
        if one is not UNKNOWN and isinstance(many, list):
            return one in many
        return self._atom(plain(tree))

    def _atom(self, key: Any) -> bool:
        if key not in self._atoms:
            self._atoms[key] = self.ask(2) == 0
        return bool(self._atoms[key])


def _opposite(left: Any, right: Any) -> tuple[Any, Any] | None:
    """The comparison with the other truth value, where one side is a truth value."""
    for one, two in ((left, right), (right, left)):
        if two in (("const", True), ("const", False)) and isinstance(two[1], bool):
            return one, ("const", not two[1])
    return None


def plain(tree: Any) -> Any:
    """A tree without the places in the source, so that the same question is the same."""
    if isinstance(tree, tuple):
        if tree and isinstance(tree[0], str) and len(tree) > 1 and isinstance(tree[1], int):
            return (tree[0], *(plain(part) for part in tree[2:]))
        return tuple(plain(part) for part in tree)
    return tree if isinstance(tree, str | int | float | bool | None.__class__) else repr(tree)


def _is_known(name: str, names: Mapping[str, Any]) -> bool:
    return name not in _COUNTS and names.get(name, UNKNOWN) != UNKNOWN


def _value(tree: Tree, names: Mapping[str, Any]) -> Any:
    match tree:
        case ("const", _, value):
            return value
        case ("name" | "variable", _, name) if _is_known(name, names):
            return names[name]
    return UNKNOWN


def _compare(sign: str, one: Any, two: Any) -> bool:
    if sign == "=":
        return bool(one == two)
    try:
        return bool(one < two) if sign == "<" else bool(one > two)
    except TypeError:
        return False
