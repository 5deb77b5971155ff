"""One evaluation of FEEL: its instant and names, the steps it has left, and the faults it met.

Two kinds of failure: what FEEL calls null with an error is noted here and the evaluation goes on with null; a used-up
budget ends the evaluation, and so does a variable that is no value of the language, for null would be a wrong reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from engine.bpmn.expressions.faults import STEP_LIMIT, ExpressionError, fault
from engine.bpmn.expressions.values import Run

_FAULTS_KEPT: Final = 20
_FRAMES: Final = 150
"""How deep calls of user-defined functions may go, counted in levels of their bodies."""


class Stopped(ExpressionError):
    """Expected an evaluation within its budget over readable variables, but it cannot go on."""


class FeelRun(Run):
    """The state of one evaluation; `names` are the variables of the caller, converted when they are first read."""

    __slots__ = ("_depth", "converted", "faults", "names")

    def __init__(self, names: Mapping[str, Any], now: datetime) -> None:
        super().__init__(now)
        self.names = names
        self.converted: dict[str, Any] = {}
        self.faults: list[ExpressionError] = []
        self._depth = 0

    def spend(self, steps: int) -> None:
        """Take `steps` off the budget. Raises: Stopped."""
        self._left -= steps
        if self._left < 0:
            raise stopped("expression.too_many_steps", STEP_LIMIT)

    def deeper(self, levels: int) -> None:
        """Enter a call whose body has so many levels. Raises: Stopped."""
        self._depth += levels
        if self._depth > _FRAMES:
            raise stopped("expression.too_deep", _FRAMES)

    def back(self, levels: int) -> None:
        """Leave that call."""
        self._depth -= levels

    def note(self, refusal: ExpressionError, at: int | None) -> Any:
        """Keep a fault, and go on with null. Raises: Stopped when that is what `refusal` is."""
        if isinstance(refusal, Stopped):
            raise refusal
        if len(self.faults) < _FAULTS_KEPT:
            self.faults.append(refusal if at is None else refusal.located(at))
        return None

    def fail(self, code: str, at: int | None, /, **params: Any) -> Any:
        """Keep the fault `code`; returns None, the value to go on with."""
        if len(self.faults) < _FAULTS_KEPT:
            self.faults.append(fault(code, at, **params))
        return None


def stopped(code: str, limit: int) -> Stopped:
    """The refusal that ends an evaluation."""
    return stopped_by(fault(code, limit=limit))


def stopped_by(refusal: ExpressionError) -> Stopped:
    """The refusal, as one that ends an evaluation."""
    return Stopped(refusal.code, refusal.message, **refusal.params)
