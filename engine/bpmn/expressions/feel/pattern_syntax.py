"""Regular expressions of XPath, as `matches`, `replace` and `split` take them, to a program for `pattern_run`.

What no automaton can decide in linear time, back references above all, is refused by name. Counted repetition is
written out, so the size of the program is bounded. Instructions: `("char", test)`, `("split", first, second)`,
`("jump", to)`, `("save", slot)`, `("assert", kind)`, `("match",)`.
"""

from __future__ import annotations

import re
from typing import Any, Final

from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.feel.pattern_classes import ClassReader

Instruction = tuple[Any, ...]

PROGRAM_LIMIT: Final = 600
_GROUPS: Final = 20
_COUNT = re.compile(r"\{([0-9]{1,4})(,([0-9]{1,4})?)?\}")


class Compiler(ClassReader):
    """Reads one pattern; `program` is what it became."""

    def __init__(self, pattern: str, flags: str) -> None:
        if set(flags) - set("smixq"):
            raise fault("expression.pattern", found=flags)
        self._dot_all = "s" in flags
        self._lines = "m" in flags
        plain = _without_space(pattern) if "x" in flags and "q" not in flags else pattern
        super().__init__(plain, ignores_case="i" in flags)
        self.groups = 0
        self._depth = 0
        body = self._literal(pattern) if "q" in flags else self._whole()
        self.program: list[Instruction] = [("save", 0), *_moved(body, 1), ("save", 1), ("match",)]

    def _literal(self, text: str) -> list[Instruction]:
        return [("char", self._one(char)) for char in text[:PROGRAM_LIMIT]]

    def _whole(self) -> list[Instruction]:
        body = self._alternatives()
        if self._at < len(self._pattern):
            self._refuse()
        return body

    def _alternatives(self) -> list[Instruction]:
        self._depth += 1
        if self._depth > 25:
            self._refuse()
        body = self._sequence()
        while self._peek() == "|":
            self._at += 1
            other = self._sequence()
            start = len(body) + 2
            body = [("split", 1, start), *_moved(body, 1), ("jump", start + len(other)), *_moved(other, start)]
        self._depth -= 1
        return self._sized(body)

    def _sized(self, body: list[Instruction]) -> list[Instruction]:
        if len(body) > PROGRAM_LIMIT:
            self._refuse()
        return body

    def _sequence(self) -> list[Instruction]:
        body: list[Instruction] = []
        while self._peek() not in ("", "|", ")"):
            body = self._sized(body + _moved(self._piece(), len(body)))
        return body

    def _piece(self) -> list[Instruction]:
        atom = self._atom()
        sign = self._peek()
        if sign not in ("?", "*", "+", "{"):
            return atom
        low, high = self._counts()
        lazy = self._peek() == "?"
        self._at += lazy
        if self._peek() in ("?", "*", "+", "{") and self._peek():
            self._refuse()
        return self._repeated(atom, low, high, lazy)

    def _counts(self) -> tuple[int, int | None]:
        sign = self._take()
        if sign != "{":
            return {"?": (0, 1), "*": (0, None), "+": (1, None)}[sign]
        match = _COUNT.match(self._pattern, self._at - 1)
        if match is None:
            self._refuse()
        self._at = match.end()
        low = int(match.group(1))
        high = low if match.group(2) is None else None if match.group(3) is None else int(match.group(3))
        if high is not None and high < low:
            self._refuse()
        return low, high

    def _repeated(self, atom: list[Instruction], low: int, high: int | None, lazy: bool) -> list[Instruction]:
        if len(atom) * max(low, high or 0) > PROGRAM_LIMIT:
            self._refuse()
        body: list[Instruction] = []
        for _ in range(low):
            body += _moved(atom, len(body))
        if high is None:
            start = len(body)
            body.append(_split(start + 1, start + 2 + len(atom), lazy))
            body += [*_moved(atom, start + 1), ("jump", start)]
            return body
        for _ in range(high - low):
            start = len(body)
            body.append(_split(start + 1, start + 1 + len(atom), lazy))
            body += _moved(atom, start + 1)
        return body

    def _atom(self) -> list[Instruction]:
        char = self._take()
        if char == "(":
            return self._group()
        if char == "[":
            return [("char", self._class())]
        if char == ".":
            return [("char", (lambda found: True) if self._dot_all else (lambda found: found not in "\n\r"))]
        if char == "^":
            return [("assert", "line start" if self._lines else "start")]
        if char == "$":
            return [("assert", "line end" if self._lines else "end")]
        if char == "\\":
            return [("char", self._escape())]
        if char in "*+?{})]":
            self._at -= 1
            self._refuse()
        return [("char", self._one(char))]

    def _group(self) -> list[Instruction]:
        if self._pattern.startswith("?:", self._at):
            self._at += 2
            body = self._alternatives()
        else:
            self.groups += 1
            slot = self.groups
            if slot > _GROUPS:
                self._refuse()
            body = [("save", 2 * slot), *_moved(self._alternatives(), 1), ("save", 2 * slot + 1)]
        if self._take() != ")":
            self._refuse()
        return body


def _split(inner: int, outer: int, lazy: bool) -> Instruction:
    return ("split", outer, inner) if lazy else ("split", inner, outer)


def _moved(body: list[Instruction], by: int) -> list[Instruction]:
    """The instructions, with all places they name `by` further on."""
    return [(part[0], *(to + by for to in part[1:])) if part[0] in ("split", "jump") else part for part in body]


def _without_space(pattern: str) -> str:
    """The pattern of flag x: space is left out, but in classes."""
    kept, depth, at = "", 0, 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
            while at < len(pattern) and pattern[at] in " \t\n\r" and not depth:
                at += 1
            kept, at = kept + char + pattern[at : at + 1], at + 1
            continue
        depth += (char == "[") - (char == "]" and depth > 0)
        if depth or char not in " \t\n\r":
            kept += char
        at += 1
    return kept
