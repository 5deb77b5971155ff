"""FEEL's functions of numbers."""

from __future__ import annotations

from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    DecimalException,
)
from typing import Any, Final

from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.feel import temporal
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.signatures import Function, function
from engine.bpmn.expressions.feel.values import NUMBERS

_SCALES: Final = range(-6_111, 6_177)


def _rounding(mode: str) -> Callable[..., Decimal]:
    """A function that rounds to so many decimal places."""

    def rounded(run: FeelRun, at: int, value: Decimal, scale: Decimal | None = None) -> Decimal:
        if scale is None:
            scale = Decimal(0)
        if scale not in _SCALES:
            raise fault("expression.out_of_range", at, operation="scale")
        places = int(scale)
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or -exponent <= places:
            return value
        if value.adjusted() < -places - 1:
            # Far below the last place: only its sign and that it is something matters.
            value = Decimal(1).scaleb(-places - 2).copy_sign(value) if value else value
        return value.quantize(Decimal(1).scaleb(-places, NUMBERS), mode, NUMBERS)

    return rounded


def _safely(do: Callable[..., Any]) -> Callable[..., Any]:
    """`do`, whose trouble with numbers becomes a named fault."""

    def tried(run: FeelRun, at: int, *arguments: Any) -> Any:
        try:
            return do(*arguments)
        except (DecimalException, ZeroDivisionError):
            raise fault("expression.out_of_range", at, operation="number") from None

    return tried


def _absolute(value: Any) -> Any:
    if isinstance(value, temporal.YearMonths):
        return temporal.YearMonths(abs(value.months))
    if isinstance(value, temporal.DayTime):
        return temporal.DayTime(abs(value.nanos))
    return NUMBERS.abs(value)


def modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    """The remainder with the sign of the divisor."""
    if divisor == 0:
        raise ZeroDivisionError
    rest = NUMBERS.remainder(dividend, divisor)
    return NUMBERS.add(rest, divisor) if rest and (rest < 0) is not (divisor < 0) else rest


def _root(value: Decimal) -> Decimal:
    return NUMBERS.sqrt(value)


def _logarithm(value: Decimal) -> Decimal:
    if value <= 0:
        raise ZeroDivisionError
    return NUMBERS.ln(value)


_SCALED: Final = "n: number, scale: number"
_OPTIONALLY_SCALED: Final = "n: number, scale?: number"

NUMERIC: Final[dict[str, Function]] = {
    "decimal": function((_SCALED, _rounding(ROUND_HALF_EVEN))),
    "floor": function((_OPTIONALLY_SCALED, _rounding(ROUND_FLOOR))),
    "ceiling": function((_OPTIONALLY_SCALED, _rounding(ROUND_CEILING))),
    "round up": function((_SCALED, _rounding(ROUND_UP))),
    "round down": function((_SCALED, _rounding(ROUND_DOWN))),
    "round half up": function((_SCALED, _rounding(ROUND_HALF_UP))),
    "round half down": function((_SCALED, _rounding(ROUND_HALF_DOWN))),
    "abs": function(("n: number | years and months duration | days and time duration", _safely(_absolute))),
    "modulo": function(("dividend: number, divisor: number", _safely(modulo))),
    "sqrt": function(("number: number", _safely(_root))),
    "log": function(("number: number", _safely(_logarithm))),
    "exp": function(("number: number", _safely(NUMBERS.exp))),
    "odd": function(("number: number", _safely(lambda value: abs(modulo(value, Decimal(2))) == 1))),
    "even": function(("number: number", _safely(lambda value: modulo(value, Decimal(2)) == 0))),
}
