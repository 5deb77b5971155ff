"""What a proof says: its rules with their verdicts, its findings, its counter-examples, and the bounds it kept to.

A `Proof` is data: it goes with the version it is about as its certificate, and comes back from JSON as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from engine.bpmn.findings import Finding
from engine.bpmn.frames import Frame
from engine.bpmn.net import Call, Net

ProofKind = Literal["loop", "plain"]
"""A loop keeps every rule and may be bound to a subject; a plain version keeps those on soundness and data."""

Verdict = Literal["passed", "refused", "warned", "not_applicable"]

RULES: tuple[str, ...] = (
    "CL-01", "CL-02", "CL-03", "CL-04", "CL-05", "CL-06", "CL-07", "CL-08", "CL-09", "CL-10", "CL-12",
)  # fmt: skip
PLAIN_RULES: frozenset[str] = frozenset({"CL-06", "CL-09", "CL-10", "CL-12"})

Schema = Mapping[str, Any]
NetOf = Callable[[str, Call | None], Net | None]
"""The process that a call of this id with this binding reaches, None where there is none."""
FormsOf = Callable[[str], Mapping[str, Schema]]
"""The forms that came with a process, by their name."""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """What one rule says: its verdict, and the reason where it does not apply or is only a warning."""

    rule: str
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CounterExample:
    """A course of one process that breaks a rule, from its start: one frame for each step, as a dry run tells them.

    `ending` names what is wrong after the last step; `element` is where.
    """

    rule: str
    element: str | None
    process: str
    ending: str
    frames: tuple[Frame, ...]

    def path(self) -> tuple[str, ...]:
        """The course in short: what happened, and at which element."""
        return tuple(f"{frame['cause']} {frame['element']}" for frame in self.frames)


@dataclass(frozen=True, slots=True)
class Proof:
    """The certificate of one version as one kind.

    Shape: `rules` in the order of `RULES`; `markings` is how many were explored and `complete` whether none was left
    out within `bound` (the most that were to be explored); `digests` holds the digest of the net and of every called
    net by process id; `ends` the ways it can end, (outcome, error code or "", state of its subject or ""), which a
    caller's proof builds on.
    """

    process: str
    kind: ProofKind
    rules: tuple[RuleResult, ...]
    findings: tuple[Finding, ...] = ()
    counter_examples: tuple[CounterExample, ...] = ()
    markings: int = 0
    complete: bool = True
    bound: int = 0
    digests: Mapping[str, str] = field(default_factory=dict)
    ends: tuple[tuple[str, str, str], ...] = ()
    escalates: tuple[str, ...] = ()
    issues: bool = False
    engine: str = ""

    @property
    def proved(self) -> bool:
        """Whether the version may be published as this kind."""
        return all(result.verdict != "refused" for result in self.rules)

    def verdict(self, rule: str) -> Verdict:
        """What `rule` says. Raises: KeyError for a rule there is not."""
        return {result.rule: result.verdict for result in self.rules}[rule]

    def counter_example(self, rule: str) -> CounterExample | None:
        """The first counter-example of a rule."""
        return next((each for each in self.counter_examples if each.rule == rule), None)

    def to_json(self) -> dict[str, Any]:
        """The proof as plain values, as it is stored with the version and printed by `cityloop check --json`."""
        return {
            "process": self.process,
            "kind": self.kind,
            "proved": self.proved,
            "rules": [asdict(result) for result in self.rules],
            "findings": [finding.to_json() for finding in self.findings],
            "counter_examples": [
                {
                    **{name: getattr(each, name) for name in ("rule", "element", "process", "ending")},
                    "frames": [dict(frame) for frame in each.frames],
                }
                for each in self.counter_examples
            ],
            "markings": self.markings,
            "complete": self.complete,
            "bound": self.bound,
            "digests": dict(self.digests),
            "ends": [list(end) for end in self.ends],
            "escalates": list(self.escalates),
            "issues": self.issues,
            "engine": self.engine,
        }

    @staticmethod
    def from_json(plain: Mapping[str, Any]) -> Proof:
        """The proof that `to_json` wrote."""
        return Proof(
            process=plain["process"],
            kind=plain["kind"],
            rules=tuple(RuleResult(**each) for each in plain["rules"]),
            findings=tuple(
                Finding(
                    each["rule"],
                    each["severity"],
                    each["element"],
                    each["line"],
                    each["message"],
                    params=each.get("params", {}),
                )
                for each in plain["findings"]
            ),
            counter_examples=tuple(
                CounterExample(each["rule"], each["element"], each["process"], each["ending"], tuple(each["frames"]))
                for each in plain["counter_examples"]
            ),
            markings=plain["markings"],
            complete=plain["complete"],
            bound=plain["bound"],
            digests=plain["digests"],
            ends=tuple((end[0], end[1], end[2]) for end in plain["ends"]),
            escalates=tuple(plain["escalates"]),
            issues=plain["issues"],
            engine=plain["engine"],
        )
