"""Levels 1-4 with 1 = I 特别重大; nobody compares the numbers, everybody asks `at_least`."""

from __future__ import annotations

from engine.errors import Rejected

ROMAN: tuple[str, ...] = ("I", "II", "III", "IV")
NAMES_ZH: tuple[str, ...] = ("特别重大", "重大", "较大", "一般")
COLOURS: tuple[str, ...] = ("red", "orange", "yellow", "blue")

Level = int | None
"""1 to 4; None where the event is not graded (social security, routine)."""


def parse_level(value: int | str | None) -> Level:
    """The level written as 1-4, '1'-'4' or 'I'-'IV'; None stays None.

    Raises: Rejected `level.unknown`.
    """
    if value is None:
        return None
    if isinstance(value, str) and value in ROMAN:
        return ROMAN.index(value) + 1
    number = int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value
    if isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= 4:
        return number
    raise Rejected("level.unknown", f"Expected a level 1-4 or I-IV, but it is {value!r}.", value=value)


def roman(level: int | str | None) -> str:
    """The level as people write it, I to IV; an empty text where there is none."""
    number = parse_level(level)
    return "" if number is None else ROMAN[number - 1]


def at_least(level: int | str | None, floor: int | str) -> bool:
    """Whether an event is graded and at least as grave as `floor`; an event without a level never is.

    Raises: Rejected `level.unknown`.
    """
    grave = parse_level(floor)
    number = parse_level(level)
    return number is not None and grave is not None and number <= grave


def gravest(first: Level, second: Level) -> Level:
    """The graver of two levels; a known level outweighs none."""
    known = [level for level in (first, second) if level is not None]
    return min(known, default=None)
