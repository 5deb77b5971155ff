"""What a bench found: rates, percentiles and the ratio it is judged by, as one JSON object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """One measured figure.

    Shape: `ratio` is what is judged: our rate ÷ that of `baseline` unless the name says otherwise; `goal` is its
    lower limit, with `at_most` its upper one, None for a figure that is only printed. `details` stand beside it.
    `passed` of `n` cases held where the bench counts cases. Unit: rates per second, latencies in milliseconds.
    """

    name: str
    n: int
    per_s: float
    median_ms: float
    p95_ms: float
    p99_ms: float
    ratio: float | None = None
    goal: float | None = None
    baseline: float | None = None
    at_most: bool = False
    details: tuple[Result, ...] = ()
    passed: int | None = None

    @property
    def is_met(self) -> bool:
        """Whether the ratio and those of all details keep to their goals."""
        return self._keeps_goal and all(detail.is_met for detail in self.details)

    @property
    def _keeps_goal(self) -> bool:
        if self.goal is None:
            return True
        if self.ratio is None:
            return False
        return self.ratio <= self.goal if self.at_most else self.ratio >= self.goal

    def as_json(self) -> dict[str, Any]:
        """The figures as plain values, rounded to four significant digits."""
        found: dict[str, Any] = {
            "name": self.name,
            "n": self.n,
            "per_s": _short(self.per_s),
            "median_ms": _short(self.median_ms),
            "p95_ms": _short(self.p95_ms),
            "p99_ms": _short(self.p99_ms),
            "ratio": _short(self.ratio),
            "goal": self.goal,
            "baseline": _short(self.baseline),
        }
        if self.goal is not None:
            found["met"] = self._keeps_goal
        if self.passed is not None:
            found["passed"] = self.passed
        if self.details:
            found["details"] = [detail.as_json() for detail in self.details]
        return found

    def lines(self, indent: str = "") -> list[str]:
        """The figures as lines a person reads."""
        verdict = ""
        if self.ratio is not None:
            verdict = f", ratio {_short(self.ratio)}"
            if self.goal is not None:
                sign = "≤" if self.at_most else "≥"
                verdict += f" (goal {sign} {self.goal:g}: {'met' if self._keeps_goal else 'NOT met'})"
        if not self.per_s:  # a count, nothing was timed
            counted = self.n if self.passed is None else f"{self.passed} of {self.n}"
            return [f"{indent}{self.name}: {counted}{verdict}", *self._inner_lines(indent)]
        line = (
            f"{indent}{self.name}: {self.per_s:,.0f}/s, median {_short(self.median_ms)} ms, "
            f"p95 {_short(self.p95_ms)} ms, p99 {_short(self.p99_ms)} ms, n {self.n}{verdict}"
        )
        return [line, *self._inner_lines(indent)]

    def _inner_lines(self, indent: str) -> list[str]:
        return [inner for detail in self.details for inner in detail.lines(indent + "  ")]


def from_turns(
    name: str,
    turns: Sequence[Sequence[float]],
    *,
    per_sample: int = 1,
    against: Sequence[Sequence[float]] = (),
    goal: float | None = None,
    details: tuple[Result, ...] = (),
) -> Result:
    """The result of seconds measured one by one in several turns; `per_sample` pieces of work lie in each.

    The rate is that of the median turn. `against` are the turns of the baseline, taken between ours: the ratio is the
    median of the ratios of neighbours, so that a burst of other work on the machine spoils a pair and not the result.
    """
    ordered = sorted(seconds for turn in turns for seconds in turn)
    rates = [_rate(turn) * per_sample for turn in turns]
    others = [_rate(turn) for turn in against]
    return Result(
        name,
        len(ordered) * per_sample,
        median(rates),
        percentile(ordered, 50) * 1000,
        percentile(ordered, 95) * 1000,
        percentile(ordered, 99) * 1000,
        ratio=median(ours / theirs for ours, theirs in zip(rates, others, strict=True)) if others else None,
        goal=goal,
        baseline=median(others) if others else None,
        details=details,
    )


def _rate(turn: Sequence[float]) -> float:
    return len(turn) / sum(turn)


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The value below which `percent` of the ascending `ordered` lie, by linear interpolation."""
    place = (len(ordered) - 1) * percent / 100
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")
