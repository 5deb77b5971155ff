"""CL-14: moving running instances to another version keeps what is proved of it, from where each of them stands.

The new version is proved as a whole; then every position in use is translated as `migrate` does it, and all that can
follow there is played: no token gets stuck, and every order's loop still closes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from engine.bpmn.migrate import Plan, migrate, obstacles, plan
from engine.bpmn.net import Net
from engine.bpmn.proof import MOST_MARKINGS, MOST_SECONDS, Prover
from engine.bpmn.proof_found import Found
from engine.bpmn.proof_key import cleaned, key_of
from engine.bpmn.proof_model import NOW, Model
from engine.bpmn.proof_soundness import closed_loops, soundness
from engine.bpmn.proof_space import Explorer
from engine.bpmn.proof_stimuli import Called
from engine.bpmn.proof_subject import Bound, Directive
from engine.bpmn.proof_terms import FormsOf, NetOf, Proof, ProofKind, RuleResult, Verdict
from engine.bpmn.state import State


@dataclass(frozen=True, slots=True)
class Position:
    """Where a running instance stands on the old version, and what it is bound to, as far as the proof needs it."""

    state: State
    subject: Bound | None = None


def proves_migration(
    old_net: Net,
    new_net: Net,
    positions: Collection[Position],
    *,
    kind: ProofKind = "loop",
    chosen: Mapping[str, str] | None = None,
    net_of: NetOf = lambda process, call: None,
    forms_of: FormsOf = lambda process: {},
    most: int = MOST_MARKINGS,
    seconds: float = MOST_SECONDS,
) -> Proof:
    """The certificate of the new version with the rule CL-14: whether each of these positions may move to it.

    `chosen` names the new node for old ones that have another id. Positions that are the same marking are looked at
    once. Raises: Rejected (`migrate.no_such_node`).
    """
    prover = Prover(net_of, forms_of, most=most, seconds=seconds)
    proof = prover.prove(new_net, kind)
    road = plan(old_net, new_net, chosen)
    found: dict[tuple[str, str], Found] = {}
    if not proof.proved:
        message = f"Expected a version that is proved as {kind}, but the new one is not."
        found["", ""] = Found("CL-14", "cl_14_version", None, message)
    called = {index: summary for index, (summary, _) in prover.called(new_net, kind).items()}
    markings, complete = proof.markings, proof.complete
    for position in _distinct(road, positions):
        for each, explored, finished in _breaches(road, position, kind, prover, called):
            markings, complete = markings + explored, complete and finished
            if each is not None:
                found.setdefault((each.code, each.node.id if each.node else ""), each)
    verdict: Verdict = "refused" if any(each.severity == "error" for each in found.values()) else "passed"
    examples = (each.counter_example(new_net.id) for each in found.values())
    return replace(
        proof,
        rules=(*proof.rules, RuleResult("CL-14", verdict)),
        findings=(*proof.findings, *(each.finding() for each in found.values())),
        counter_examples=(*proof.counter_examples, *(each for each in examples if each is not None)),
        markings=markings,
        complete=complete,
    )


def _distinct(road: Plan, positions: Collection[Position]) -> Iterator[Position]:
    seen = set()
    for position in positions:
        model = Model(road.old, {}, _departments(position))
        key = (key_of(cleaned(position.state.copy(), model)), position.subject)
        if key not in seen:
            seen.add(key)
            yield position


def _departments(position: Position) -> tuple[str, ...]:
    subject = position.subject
    return subject.departments[: len(subject.tasks)] if isinstance(subject, Directive) else ()


def _breaches(
    road: Plan, position: Position, kind: ProofKind, prover: Prover, called: Mapping[int, Called]
) -> Iterator[tuple[Found | None, int, bool]]:
    """What is wrong with moving one position, how many markings were explored for it, and whether all of them."""
    kept = obstacles(road, position.state)
    for obstacle in kept:
        node = next((each for each in road.new.nodes if each.id == obstacle.element), None)
        message = f"Expected a place on the new version for “{obstacle.element}”, but there is none ({obstacle.code})."
        params = {"name": obstacle.element, "code": obstacle.code}
        yield Found("CL-14", "cl_14_obstacle", node, message, params), 0, True
    if kept:
        return
    model = Model(road.new, prover.forms_of(road.new.id), _departments(position))
    explorer = Explorer(
        model, lambda node: called[node.index], subject=position.subject, most=prover.most, seconds=prover.seconds
    )
    space = explorer.run_from(migrate(road, position.state, NOW).state, position.subject)
    wrong = [each for each in soundness(road.new, [space], kind) if each.code != "cl_10_dead"]
    wrong += closed_loops([space]) if position.subject is not None else []
    yield None, len(space.states), space.complete
    for each in wrong:
        params = {"name": each.node.name or each.node.id if each.node else "", "rule": each.rule}
        message = f"Expected {each.rule} to hold from where an instance stands, but it does not: {each.message}"
        yield Found("CL-14", "cl_14_breach", each.node, message, params, each.course, each.severity), 0, True
