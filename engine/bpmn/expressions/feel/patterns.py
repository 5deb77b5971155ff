"""Running the programs of `pattern_syntax`: all threads side by side over the text, so the time is linear in it.

Each step of a thread is paid from the budget of the run, four for one, and a thread that another of higher priority
has overtaken at its place is dropped; nothing here backtracks.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.feel.pattern_syntax import Compiler, Instruction
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.values import built

Slots = tuple[int, ...]
_PATTERN_LIMIT: Final = 500
_SEARCH_COST: Final = 24
_REFERENCE = re.compile(r"\\([\\$])|\$([0-9])|([\\$])")


@lru_cache(maxsize=512)
def _compiled(pattern: str, flags: str) -> tuple[list[Instruction], int]:
    compiler = Compiler(pattern, flags)
    return compiler.program, compiler.groups


def _program(run: FeelRun, pattern: str, flags: str | None) -> tuple[list[Instruction], int]:
    if len(pattern) > _PATTERN_LIMIT:
        raise fault("expression.pattern", found=pattern)
    run.spend(len(pattern))
    return _compiled(pattern, flags or "")


def _holds(kind: str, text: str, at: int) -> bool:
    if kind == "start":
        return at == 0
    if kind == "end":
        return at == len(text)
    if kind == "line start":
        return at == 0 or (text[at - 1] == "\n" and at < len(text))
    return at == len(text) or text[at] == "\n"


class _Threads:
    """The threads at one place of the text, in the order of their priority."""

    __slots__ = ("_program", "_seen", "_text", "waiting")

    def __init__(self, program: list[Instruction], text: str) -> None:
        self._program = program
        self._text = text
        self._seen: set[int] = set()
        self.waiting: list[tuple[int, Slots]] = []

    def add(self, place: int, slots: Slots, at: int) -> int:
        """Follows jumps from `place` on; how many instructions that took."""
        steps = 0
        stack = [(place, slots)]
        while stack:
            place, slots = stack.pop()
            if place in self._seen:
                continue
            self._seen.add(place)
            steps += 1
            instruction = self._program[place]
            kind = instruction[0]
            if kind == "jump":
                stack.append((instruction[1], slots))
            elif kind == "split":
                stack.append((instruction[2], slots))
                stack.append((instruction[1], slots))
            elif kind == "save":
                slot = instruction[1]
                stack.append((place + 1, (*slots[:slot], at, *slots[slot + 1 :])))
            elif kind == "assert":
                if _holds(instruction[1], self._text, at):
                    stack.append((place + 1, slots))
            else:
                self.waiting.append((place, slots))
        return steps


def _search(run: FeelRun, program: list[Instruction], groups: int, text: str, start: int) -> Slots | None:
    """The leftmost match from `start` on: where it and its groups begin and end, -1 for a group that took no part."""
    empty: Slots = (-1,) * (2 * groups + 2)
    found: Slots | None = None
    current = _Threads(program, text)
    steps = _SEARCH_COST
    for at in range(start, len(text) + 1):
        if found is None:
            steps += current.add(0, empty, at)
        if not current.waiting and found is not None:
            break
        following = _Threads(program, text)
        for place, slots in current.waiting:
            instruction = program[place]
            if instruction[0] == "match":
                found = slots
                break
            if at < len(text) and instruction[1](text[at]):
                steps += following.add(place + 1, slots, at + 1)
            steps += 1
        if steps >= 64:
            run.spend(steps // 4)
            steps = 0
        current = following
    run.spend(steps // 4)
    return found


def matches(run: FeelRun, at: int, text: str, pattern: str, flags: str | None = None) -> bool:
    """Whether the pattern occurs in the text."""
    program, groups = _program(run, pattern, flags)
    return _search(run, program, groups, text, 0) is not None


def replace(run: FeelRun, at: int, text: str, pattern: str, replacement: str, flags: str | None = None) -> str:
    """The text with every match replaced; `$1` in the replacement is what the first group took, `$0` all."""
    program, groups = _program(run, pattern, flags)
    parts: list[str] = []
    done, length = 0, 0
    for slots in _matches_in(run, program, groups, text):
        shown = replacement if "q" in (flags or "") else _filled(replacement, text, slots)
        parts += (text[done : slots[0]], shown)
        length += slots[0] - done + len(shown)
        run.spend(1 + len(shown) // 100)
        if length > 100_000:
            raise fault("expression.text_too_long", at, limit=20_000, found=length)
        done = slots[1]
    return built(run, "".join((*parts, text[done:])))


def split(run: FeelRun, at: int, text: str, delimiter: str) -> list[str]:
    """The parts of the text between the matches of the delimiter."""
    program, groups = _program(run, delimiter, None)
    parts, done = [], 0
    for slots in _matches_in(run, program, groups, text):
        run.spend(1)
        parts.append(text[done : slots[0]])
        done = slots[1]
    return [*parts, text[done:]]


def _matches_in(run: FeelRun, program: list[Instruction], groups: int, text: str) -> list[Slots]:
    """All matches, one behind the other. Raises: ExpressionError for a pattern that matches nothing at all."""
    if _search(run, program, groups, "", 0) is not None:
        raise fault("expression.pattern", found="a pattern that matches the empty string")
    found: list[Slots] = []
    start = 0
    while (slots := _search(run, program, groups, text, start)) is not None:
        found.append(slots)
        start = max(slots[1], start + 1)
    return found


def _filled(replacement: str, text: str, slots: Slots) -> str:
    def part(match: re.Match[str]) -> str:
        escaped, group, stray = match.groups()
        if stray:
            raise fault("expression.pattern", found=replacement)
        if escaped:
            return str(escaped)
        slot = 2 * int(group)
        return text[slots[slot] : slots[slot + 1]] if slot < len(slots) and slots[slot] >= 0 else ""

    return _REFERENCE.sub(part, replacement)
