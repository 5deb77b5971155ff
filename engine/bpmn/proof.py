"""The closed-loop proof: whether a version may be published, as a *loop* or as a *plain* process, and why not.

`prove` looks at one net and, through `net_of`, at every process it calls. Soundness (CL-10) and the closing of loops
(CL-01) are decided by playing the real token game, with its data made finite, through every reachable marking
(`proof_space.py`); the other rules read the drawing. Every refusal is a finding on an element, those about courses of
events with the shortest course found. What is proved, within which bounds, stands in `engine/README.md`.

Use:
    proof = prove(net, "loop", net_of=…, forms_of=…, installation=installation_of(profile))
    proof.proved, proof.findings, proof.counter_example("CL-01").path(), proof.to_json()
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from engine.bpmn.findings import Finding
from engine.bpmn.net import Kind, Net, Node
from engine.bpmn.proof_city import Installation, installation_of, shipped_installation
from engine.bpmn.proof_dataflow import DataFlow
from engine.bpmn.proof_duties import Duties
from engine.bpmn.proof_found import Found
from engine.bpmn.proof_messages import unheard
from engine.bpmn.proof_model import Model
from engine.bpmn.proof_rework import Rework, budgets
from engine.bpmn.proof_soundness import closed_loops, soundness
from engine.bpmn.proof_space import Explorer, Space
from engine.bpmn.proof_stimuli import Called
from engine.bpmn.proof_subject import DEPARTMENTS, GIVEN_NAMES, Bound, Directive, Incident, subject_kind
from engine.bpmn.proof_terms import (
    PLAIN_RULES,
    RULES,
    FormsOf,
    NetOf,
    Proof,
    ProofKind,
    RuleResult,
    Verdict,
)
from engine.domain.lifecycle import TASK

__all__ = ["MOST_MARKINGS", "Installation", "Proof", "installation_of", "prove", "prove_both"]

MOST_MARKINGS = 20_000
MOST_SECONDS = 10.0
"""Of CPU, for one net: what stops a proof first is the number of markings or of steps, the same everywhere."""


def prove(
    net: Net,
    kind: ProofKind,
    *,
    net_of: NetOf = lambda process, call: None,
    forms_of: FormsOf = lambda process: {},
    installation: Installation | None = None,
    inputs: Collection[str] = (),
    findings: Collection[Finding] = (),
    most: int = MOST_MARKINGS,
    seconds: float = MOST_SECONDS,
) -> Proof:
    """The certificate of `net` as this kind.

    `net_of` finds called processes by their id and binding, `forms_of` the forms of a process; `inputs` are the names
    that whoever starts it gives. `findings` are those of the check: what the engine does not execute refuses CL-12.
    `installation` is the city; the default profile where none is given.
    At most `most` markings are explored, for at most so many seconds.
    """
    city = installation or shipped_installation()
    return Prover(net_of, forms_of, city, frozenset(inputs), tuple(findings), most, seconds).prove(net, kind)


def prove_both(net: Net, *, installation: Installation | None = None, **arguments: Any) -> Mapping[ProofKind, Proof]:
    """The certificates of `net` as a loop and as a plain process; the arguments are those of `prove`.

    Where nothing is bound the markings are the same for both, and are explored once.
    """
    given: dict[str, Any] = {"net_of": lambda process, call: None, "forms_of": lambda process: {}} | arguments
    given["findings"] = tuple(given.get("findings", ()))
    given["inputs"] = frozenset(given.get("inputs", ()))
    prover = Prover(city=installation or shipped_installation(), **given)
    return {"loop": prover.prove(net, "loop"), "plain": prover.prove(net, "plain")}


@dataclass
class Prover:
    """Proves nets of one installation, each called process once; the fields are the arguments of `prove`."""

    net_of: NetOf
    forms_of: FormsOf
    city: Installation = field(default_factory=shipped_installation)
    inputs: frozenset[str] = frozenset()
    findings: tuple[Finding, ...] = ()
    most: int = MOST_MARKINGS
    seconds: float = MOST_SECONDS
    made: dict[tuple[str, ProofKind], Proof] = field(default_factory=dict)
    at_work: list[str] = field(default_factory=list)
    explored: dict[Any, list[Space]] = field(default_factory=dict)

    def called(self, net: Net, kind: ProofKind) -> dict[int, tuple[Called, list[Found]]]:
        """What each call of a net can do to it, and what is wrong with it, by node."""
        return {node.index: self._called(node, kind) for node in net.nodes if node.call is not None}

    def prove(self, net: Net, kind: ProofKind) -> Proof:
        """The proof of a net, and on the way those of the processes it calls."""
        self.at_work.append(net.id)
        called = self.called(net, kind)
        subject = subject_kind(net) if kind == "loop" else None
        spaces = self._explore(net, subject, {index: summary for index, (summary, _) in called.items()})
        found = [*soundness(net, spaces, kind), *self._unsupported(net)]
        found += [each for _, problems in called.values() for each in problems]
        found += self._drawn(net, kind, subject)
        if kind == "loop":
            open_loops = closed_loops(spaces) if subject is not None else [_nothing_marked(net)]
            if subject is not None and open_loops:  # what the life cycle refuses reaches nothing behind it
                found = [each for each in found if each.code != "cl_10_dead"]
            found += open_loops
        self.at_work.pop()
        proof = self._proof(net, kind, spaces, found)
        self.made[net.id, kind] = proof
        return proof

    def _explore(self, net: Net, subject: str | None, called: Mapping[int, Called]) -> list[Space]:
        """The markings of the net: those of an order once for one department and once for two."""
        asked = (net.id, subject, tuple(sorted(called.items())))
        if asked in self.explored:
            return self.explored[asked]
        begins: list[tuple[int, Bound | None]] = [(0, Incident() if subject == "incident" else None)]
        if subject == "directive":
            begins = [(number, Directive(tasks=(TASK.start,) * number)) for number in (1, 2)]
        spaces = []
        for departments, bound in begins:
            model = Model(net, self.forms_of(net.id), DEPARTMENTS[:departments])
            explorer = Explorer(
                model, lambda node: called[node.index], subject=bound, most=self.most, seconds=self.seconds
            )
            spaces.append(explorer.run())
        self.explored[asked] = spaces
        return spaces

    def _drawn(self, net: Net, kind: ProofKind, subject: str | None) -> list[Found]:
        """What the rules say that read the drawing alone."""
        calls = [node for node in net.nodes if node.call is not None]
        called = [child for node in calls if node.call and (child := self.net_of(node.call.process, node.call))]
        found = [*unheard(net, called, self.city), *self._data(net, subject).breaches()]
        if kind == "loop":
            duties = Duties(net, self.forms_of(net.id), self.city, subject)
            found += [*duties.found(), *Rework(net, duties.lacking).found(), *budgets(net, self.city)]
        return found

    def _data(self, net: Net, subject: str | None) -> DataFlow:
        given = self.inputs if net.id == self.at_work[0] else frozenset[str]()
        return DataFlow(net, self.forms_of(net.id), given | GIVEN_NAMES.get(subject or "", frozenset()))

    # -- calls -----------------------------------------------------------------------------------------------------

    def _called(self, node: Node, kind: ProofKind) -> tuple[Called, list[Found]]:
        """What the called process can do to its caller, and what is wrong with calling it."""
        assert node.call is not None
        name = node.call.process
        child = self.net_of(name, node.call)
        if child is None:
            message = f"Expected a process “{name}” to call, but there is none."
            return Called(), [Found("CL-06", "cl_06_no_process", node, message, {"name": name})]
        subject = subject_kind(child) if kind == "loop" else None
        child_kind: ProofKind = "loop" if subject else "plain"
        if child.id in self.at_work:
            message = f"Expected a call of another process, but “{name}” calls itself, and nobody can say that it ends."
            return Called(subject=subject, issues=bool(subject)), [
                Found("CL-06", "cl_06_calls_itself", node, message, {"name": name}, (), "warning")
            ]
        proof = self.made.get((child.id, child_kind)) or self.prove(child, child_kind)
        summary = Called(proof.ends or Called().ends, proof.escalates, subject, proof.issues)
        if proof.proved:
            return summary, []
        rule, code = ("CL-01", "cl_01_call") if child_kind == "loop" else ("CL-06", "cl_06_call")
        message = f"Expected a called process with a certificate, but “{name}” has none as {child_kind}."
        return summary, [Found(rule, code, node, message, {"name": name})]

    # -- what is not executed --------------------------------------------------------------------------------------

    def _unsupported(self, net: Net) -> list[Found]:
        ids = {node.id: node for node in net.nodes}
        found = []
        for finding in self.findings:
            if finding.process not in (None, net.id):
                continue
            if finding.rule == "unsupported" or finding.question or finding.severity == "error":
                node = ids.get(finding.element or "")
                message = f"Expected nothing left open, but the check says: {finding.message}"
                found.append(Found("CL-12", "cl_12_open", node, message, {"rule": finding.rule}))
        return found

    # -- the certificate -------------------------------------------------------------------------------------------

    def _proof(self, net: Net, kind: ProofKind, spaces: list[Space], found: list[Found]) -> Proof:
        examples = (each.counter_example(net.id) for each in found)
        digests = {net.id: net.digest}
        for node in net.nodes:
            if node.call is not None:
                for other in ("loop", "plain"):
                    made = self.made.get((node.call.process, other))
                    digests |= dict(made.digests) if made is not None else {}
        return Proof(
            process=net.id,
            kind=kind,
            rules=tuple(_result(rule, kind, found) for rule in RULES),
            findings=tuple(each.finding() for each in found),
            counter_examples=tuple(each for each in examples if each is not None),
            markings=sum(len(space.states) for space in spaces),
            complete=all(space.complete for space in spaces),
            bound=self.most,
            digests=digests,
            ends=_ends(spaces),
            escalates=tuple(sorted(set().union(*(space.escalated for space in spaces)))),
            issues=any(node.loop == "issue" for node in net.nodes) or _orders_inside(net, self),
            engine=_engine_version(),
        )


def _result(rule: str, kind: ProofKind, found: list[Found]) -> RuleResult:
    if kind == "plain" and rule not in PLAIN_RULES:
        return RuleResult(rule, "not_applicable", "a plain version closes no loop")
    breaches = [each for each in found if each.rule == rule]
    verdict: Verdict = "passed"
    if any(each.severity == "error" for each in breaches):
        verdict = "refused"
    elif breaches:
        verdict = "warned"
    return RuleResult(rule, verdict)


def _nothing_marked(net: Net) -> Found:
    message = "Expected steps marked as part of a loop, but there are none, so nothing says when it is closed."
    return Found("CL-01", "cl_01_nothing_marked", None, message)


def _ends(spaces: list[Space]) -> tuple[tuple[str, str, str], ...]:
    ends = {
        (state.outcome, space.codes.get(at, ""), subject.state if subject is not None else "")
        for space in spaces
        for at, (state, subject) in enumerate(space.states)
        if state.outcome is not None
    }
    return tuple(sorted(ends))


def _orders_inside(net: Net, prover: Prover) -> bool:
    called = (node.call.process for node in net.nodes if node.kind is Kind.CALL and node.call is not None)
    proofs = (prover.made.get((process, "loop")) for process in called)
    return any(proof.issues for proof in proofs if proof is not None)


def _engine_version() -> str:
    try:
        return version("cityloop")
    except PackageNotFoundError:
        return ""
