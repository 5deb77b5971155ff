"""Single characters of a regular expression: escapes, categories, classes in brackets, with and without case."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Final, NoReturn

from engine.bpmn.expressions.faults import fault

Test = Callable[[str], bool]

_CLASSES: Final[dict[str, Test]] = {
    "d": lambda char: unicodedata.category(char) == "Nd",
    "s": lambda char: char in " \t\n\r",
    "w": lambda char: unicodedata.category(char)[0] not in "PZC",
    "i": lambda char: char.isalpha() or char in "_:",
    "c": lambda char: char.isalnum() or char in "-._:",
}
_BLOCKS: Final = {"BasicLatin": (0x0, 0x7F), "Latin-1Supplement": (0x80, 0xFF), "Greek": (0x370, 0x3FF)}
_PLAIN_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}
_ESCAPABLE: Final = frozenset("\\|.?*+(){}[]-^$/ ")


class ClassReader:
    """A place in a pattern, and what reads one character or class there."""

    def __init__(self, pattern: str, *, ignores_case: bool) -> None:
        self._pattern = pattern
        self._ignores_case = ignores_case
        self._at = 0

    def _refuse(self) -> NoReturn:
        raise fault("expression.pattern", found=self._pattern[self._at : self._at + 20] or self._pattern)

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._peek()
        if not char:
            self._refuse()
        self._at += 1
        return char

    def _one(self, char: str) -> Test:
        if not self._ignores_case:
            return lambda found: found == char
        forms = _case_forms(char)
        return lambda found: found in forms

    def _escape(self) -> Test:
        """One character behind a backslash; a digit would be a back reference."""
        char = self._take()
        if char in _PLAIN_ESCAPES:
            return self._one(_PLAIN_ESCAPES[char])
        if char in _ESCAPABLE:
            return self._one(char)
        if char in "pP":
            return _negated(self._category(), char == "P")
        test = _CLASSES.get(char.lower())
        if test is None:
            self._at -= 1
            self._refuse()
        return _negated(test, char.isupper())

    def _category(self) -> Test:
        end = self._pattern.find("}", self._at)
        if self._peek() != "{" or end < 0:
            self._refuse()
        name = self._pattern[self._at + 1 : end]
        self._at = end + 1
        if name.startswith("Is") and name[2:] in _BLOCKS:
            low, high = _BLOCKS[name[2:]]
            return lambda char: low <= ord(char) <= high
        if not re.fullmatch(r"[LMNPZSC][a-z]?", name):
            self._refuse()
        return lambda char: unicodedata.category(char).startswith(name)

    def _class(self) -> Test:
        """A class in brackets, with ranges, escapes and one subtracted class."""
        negative = self._peek() == "^"
        self._at += negative
        tests: list[Test] = []
        minus: Test | None = None
        while self._peek() != "]" or not tests:
            if self._pattern.startswith("-[", self._at) and tests:
                self._at += 2
                minus = self._class()
                break
            tests.append(self._class_part())
        if self._take() != "]":
            self._refuse()
        inside = _negated(lambda char: any(test(char) for test in tests), negative)
        return inside if minus is None else _less(inside, minus)

    def _class_part(self) -> Test:
        char = self._take()
        if char == "[":
            self._refuse()
        if char == "\\":
            if self._peek() not in _ESCAPABLE and self._peek() not in _PLAIN_ESCAPES:
                return self._escape()
            char = self._take()
            char = _PLAIN_ESCAPES.get(char, char)
        if self._peek() != "-" or self._pattern[self._at + 1 : self._at + 2] in ("]", "[", ""):
            return self._one(char)
        self._at += 1
        last = self._take()
        if last == "\\":
            last = self._take()
            last = _PLAIN_ESCAPES.get(last, last)
        if last < char:
            self._refuse()
        if not self._ignores_case:
            return lambda found: char <= found <= last
        return lambda found: any(char <= form <= last for form in _case_forms(found))


def _case_forms(char: str) -> frozenset[str]:
    """The characters that are the same but for their case."""
    forms = {char, char.lower(), char.upper(), char.casefold(), char.lower().upper()}
    if char.casefold() in ("k", "s"):
        forms |= {"\u212a"} if char.casefold() == "k" else {"\u017f"}
    return frozenset(forms)


def _negated(test: Test, negative: bool) -> Test:
    return (lambda char: not test(char)) if negative else test


def _less(test: Test, minus: Test) -> Test:
    return lambda char: test(char) and not minus(char)
