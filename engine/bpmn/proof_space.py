"""The reachable markings of a net, found by playing the real token game with every answer, event and decision.

Depth first, with ample sets: where something at a marking goes on by itself, seen by nothing else and without moving
the subject, it is played first and the others later, since their order makes no other marking. What disturbs (the
boundary of a scope, an event sub-process) is looked at in every marking. A way back to a marking that is still being
explored looks at everything, so that nothing is put off for ever (Peled 1993, conditions C0 to C3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.bpmn.arrivals import arrival_of
from engine.bpmn.effects import CallCancelled, CallStarted, EscalationSent, InstanceEnded, NodeEntered, StepFailed
from engine.bpmn.game import Step, advance
from engine.bpmn.net import Kind, Node
from engine.bpmn.play import leg_and_element
from engine.bpmn.program import played_by
from engine.bpmn.proof_conditions import Oracle
from engine.bpmn.proof_key import cleaned, key_of
from engine.bpmn.proof_model import NOW, Model, OracleProgram
from engine.bpmn.proof_stimuli import CalledAt, Group, Happening, groups_of, starts_of
from engine.bpmn.proof_subject import GIVEN, Bound, Incident
from engine.bpmn.state import B_SCOPE, BODY, PARENT, State
from engine.bpmn.stimuli import Complete, MessageArrived, Start
from engine.clock import cpu_seconds
from engine.errors import EngineError

MOST_STEPS = 12_000  # that are played for one net; a limit that is the same on every machine
MOST_WAYS = 256  # of one stimulus; beyond, what hangs on unknown data is not looked at completely
_FELT = frozenset({"error", "escalation", "signal", "cancel", "compensation", "terminate"})
_BEFORE_ORDERS = frozenset({"rejected", "not_filed"})


@dataclass(frozen=True, slots=True)
class Edge:
    """A step from one marking to another, with the answers of the oracle it was played with."""

    happening: Happening
    tape: tuple[int, ...]
    target: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """A step that the game or the life cycle refuses."""

    source: int
    happening: Happening
    tape: tuple[int, ...]
    error: EngineError


@dataclass
class Space:
    """What was found: the markings (a state and its subject each), the steps between them, and what is wrong there."""

    model: Model
    states: list[tuple[State, Bound | None]] = field(default_factory=list)
    edges: list[list[Edge]] = field(default_factory=list)
    roots: list[Edge] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    failed: dict[int, Any] = field(default_factory=dict)
    twice: dict[int, int] = field(default_factory=dict)
    unbounded: dict[int, int] = field(default_factory=dict)
    cut: dict[int, int] = field(default_factory=dict)
    codes: dict[int, str] = field(default_factory=dict)
    entered: set[int] = field(default_factory=set)
    escalated: set[str] = field(default_factory=set)
    complete: bool = True


@dataclass(slots=True)
class _Way:
    tape: tuple[int, ...]
    step: Step
    subject: Bound | None
    cut: int | None
    failed: StepFailed | None
    code: str


class Explorer:
    """Explores one model within `most` markings and `seconds` of CPU; `subject` is what it begins bound to.

    `thorough` looks at every order of events, with no ample sets: the same verdicts at a cost that grows much faster.
    """

    def __init__(
        self,
        model: Model,
        called: CalledAt,
        *,
        subject: Bound | None,
        most: int,
        seconds: float,
        thorough: bool = False,
    ) -> None:
        self.model, self.called = model, called
        self.subject, self.most, self.until = subject, most, cpu_seconds() + seconds
        self.oracle = Oracle()
        self.played = 0
        self.space = Space(model)
        self.thorough = thorough
        self.index: dict[Any, int] = {}
        self.fired: set[int] = set()
        self.known: dict[int, frozenset[int]] = {}
        self.alone = frozenset[int]() if thorough else _self_contained(model)

    def run(self) -> Space:
        """Explore from every start."""
        with played_by(OracleProgram(self.model, arrival_of, self.oracle)):
            for start in starts_of(self.model):
                happening = Happening(start, self.model.net.nodes[0])
                for way in list(self._ways(None, self.subject, happening, -1)):
                    at, is_new = self._marking(way, None)
                    self.space.roots.append(Edge(happening, way.tape, at))
                    if is_new:
                        self._explore(at)
        return self.space

    def run_from(self, state: State, subject: Bound | None) -> Space:
        """Explore from a marking that a running instance is at."""
        with played_by(OracleProgram(self.model, arrival_of, self.oracle)):
            way = _Way((), Step(state.copy(), (), {}), subject, None, None, "")
            at, _ = self._marking(way, None)
            self.space.roots.append(Edge(Happening(Start(), self.model.net.nodes[0], moved=True), (), at))
            self._explore(at)
        return self.space

    # -- depth first -----------------------------------------------------------------------------------------------

    def _explore(self, root: int) -> None:
        on_stack = {root}
        stack = [(root, self._steps(root, on_stack))]
        while stack:
            at, steps = stack[-1]
            fresh = next(steps, None)
            if fresh is None:
                on_stack.discard(at)
                stack.pop()
            elif len(self.space.states) >= self.most or self.played > MOST_STEPS or cpu_seconds() > self.until:
                self.space.complete = False
                return
            else:
                on_stack.add(fresh)
                stack.append((fresh, self._steps(fresh, on_stack)))

    def _steps(self, at: int, on_stack: set[int]) -> Iterator[int]:
        """Make the steps that lead on from a marking; yields the new markings."""
        state, _ = self.space.states[at]
        if state.outcome is not None or at in self.space.unbounded or at in self.space.cut:
            return
        groups, disturbing = groups_of(state, self.model, self.called)
        known = self.known.pop(at, frozenset())
        for happening in disturbing:
            if getattr(happening.stimulus, "wait", 0) not in known and self._is_worth_it(happening, state):
                yield from self._take(at, happening)
        done: set[int] = set()
        for number, group in enumerate(groups):
            if len(groups) == 1 or self.thorough:
                break
            done.add(number)
            before = len(self.space.edges[at])
            ways = [
                (happening, list(self._ways(*self.space.states[at], happening, at)))
                for happening in group.happenings
                if not happening.again or self._is_first(happening, state)
            ]
            fresh = [new for happening, found in ways for new in self._add(at, happening, found)]
            yield from fresh
            targets = {edge.target for edge in self.space.edges[at][before:]}
            if self._is_ample(at, group, ways) and not targets & on_stack:
                return
        for number, group in enumerate(groups):
            if number not in done:
                for happening in group.happenings:
                    if not happening.again or self._is_first(happening, state):
                        yield from self._take(at, happening)

    def _take(self, at: int, happening: Happening) -> Iterator[int]:
        yield from list(self._add(at, happening, list(self._ways(*self.space.states[at], happening, at))))

    def _add(self, at: int, happening: Happening, ways: list[_Way]) -> Iterator[int]:
        """Write down the steps that a happening leads to; yields the markings that are new."""
        for way in ways:
            if way.failed is not None and way.failed.code == "game.error_uncaught":
                continue  # nothing catches this code from here after all
            if happening.again and self._gathers(at, way):
                continue  # once more beside what it began before
            target, is_new = self._marking(way, at)
            self.space.edges[at].append(Edge(happening, way.tape, target))
            if is_new:
                self.known[target] = self._known_before(at, target)
                yield target

    def _gathers(self, at: int, way: _Way) -> bool:
        """Whether a step puts one more token where there is one already."""
        crowd = _crowded(way.step.state)
        before = _crowded(self.space.states[at][0])
        return crowd is not None and crowd[1] > (1 if before is None else before[1])

    def _known_before(self, at: int, target: int) -> frozenset[int]:
        """The interrupting events that lead from the new marking to where they led from the one before it.

        Where a step stayed inside what an event interrupts, the event leaves the same behind before and after it.
        """
        (before, subject), (after, _) = self.space.states[at], self.space.states[target]
        if self.thorough or subject is not None or before.variables != after.variables:
            return frozenset()
        same = set()
        for wait, (_, index, scope, host, _) in after.waits.items():
            if host and wait in before.waits and self.model.net.nodes[index].interrupting:
                around = host if host > 0 else scope
                if around in after.waits or around in after.gates:
                    continue
                if _outside(before, around) == _outside(after, around):
                    same.add(wait)
        return frozenset(same)

    def _is_ample(self, at: int, group: Group, ways: list[tuple[Happening, list[_Way]]]) -> bool:
        """Whether what happened to the group was seen by nothing else at the marking.

        Where nothing is bound, some ways may cancel others or end the instance, as long as one leaves them all: what
        was cancelled leaves no trace, so that the marking behind is the same whatever it did before.
        """
        state, subject = self.space.states[at]
        others = state.waits.keys() - group.waits
        found = [way for _, each in ways for way in each]
        if any(way.subject != subject or way.cut is not None or way.failed is not None for way in found):
            return False
        leaving = [way.step.state.outcome is None and others <= way.step.state.waits.keys() for way in found]
        return all(leaving) and bool(found) if subject is not None else any(leaving)

    def _is_worth_it(self, happening: Happening, state: State) -> bool:
        """An event sub-process that touches nothing around it is looked at once, for it is the same beside anything."""
        if not happening.again or not self._is_first(happening, state):
            return not happening.again
        index = happening.node.index
        if index not in self.alone:
            return True
        if index in self.fired:
            return False
        self.fired.add(index)
        return True

    def _is_first(self, happening: Happening, state: State) -> bool:
        """Whether what an event that does not interrupt began before is over: once more beside it is nothing new."""
        record = state.waits.get(getattr(happening.stimulus, "wait", 0))
        if record is None:
            return True
        scope, own = record[2], self.model.begun_by[happening.node.index]
        return not any(place in own and where == scope for place, where in _places(state))

    # -- steps -----------------------------------------------------------------------------------------------------

    def _ways(self, state: State | None, subject: Bound | None, happening: Happening, at: int) -> Iterator[_Way]:
        """Every step that the happening can lead to, one for each way the oracle can answer."""
        tapes: list[tuple[int, ...]] = [()]
        for played in range(MOST_WAYS + 1):
            if not tapes:
                return
            if played == MOST_WAYS:
                self.space.complete = False
                return
            tape = tapes.pop()
            self.played += 1
            self.oracle.begin(tape)
            try:
                yield self._play(state, subject, happening, tape)
            except EngineError as error:
                self.space.refusals.append(Refusal(at, happening, self._tape(), error))
            tapes += self.oracle.others()

    def _tape(self) -> tuple[int, ...]:
        return tuple(answer for answer, _ in self.oracle.trail)

    def _play(self, state: State | None, subject: Bound | None, happening: Happening, tape: tuple[int, ...]) -> _Way:
        net, stimulus = self.model.net, happening.stimulus
        if subject is not None and isinstance(stimulus, Complete) and state is not None:
            _, element = leg_and_element(net, state, state.waits[stimulus.wait][2])
            subject = subject.completed(happening.node, _text(element), {**GIVEN, **stimulus.answers})
        if happening.end is not None and isinstance(subject, Incident):
            subject = self._after_call(subject, happening)
        step = advance(net, state, stimulus, NOW)
        cut = failed = None
        code = ""
        for effect in step.effects:
            if isinstance(effect, NodeEntered):
                subject = self._enter(subject, effect, step, happening)
            elif isinstance(effect, CallStarted) and isinstance(subject, Incident):
                if self.called(net.nodes[effect.node]).subject == "directive":
                    subject = subject.order_begun()
            elif isinstance(effect, CallCancelled) and state is not None:
                cut = self._cut(state, effect.wait) if cut is None else cut
            elif isinstance(effect, StepFailed):
                failed = effect
            elif isinstance(effect, InstanceEnded):
                code = effect.error or ""
            elif isinstance(effect, EscalationSent):
                self.space.escalated.add(effect.code or "")
        if cut is not None and self._is_called_off(net.nodes[cut], subject):
            cut = None
        return _Way(self._tape(), step, subject, cut, failed, code)

    def _is_called_off(self, node: Node, subject: Bound | None) -> bool:
        """Whether a called process of the same incident ended by a move that its life cycle allows before any order."""
        shares = isinstance(subject, Incident) and self.called(node).subject == "incident"
        return shares and subject is not None and subject.state in _BEFORE_ORDERS

    def _enter(self, subject: Bound | None, effect: NodeEntered, step: Step, happening: Happening) -> Bound | None:
        node = self.model.net.nodes[effect.node]
        self.space.entered.add(effect.node)
        if subject is None or not (node.loop or node.action):
            return subject
        stimulus = happening.stimulus
        given: Mapping[str, Any] = GIVEN
        if isinstance(subject, Incident) and isinstance(stimulus, Complete):
            given = {**GIVEN, **stimulus.answers}
        department = _text(step.legs.get(effect.scope, (0, None))[1])
        return subject.entered(node, department, given, authorised=isinstance(stimulus, MessageArrived))

    def _after_call(self, subject: Incident, happening: Happening) -> Incident:
        assert happening.end is not None
        child = self.called(happening.node)
        if child.subject == "directive":
            return subject.order_ended(happening.end[2])
        return replace(subject, state=happening.end[2]) if child.subject == "incident" else subject

    def _cut(self, state: State, wait: int) -> int | None:
        """The call that was cancelled, where an order was at work in it."""
        record = state.waits.get(wait)
        return record[1] if record is not None and self.called(self.model.net.nodes[record[1]]).issues else None

    def _marking(self, way: _Way, source: int | None) -> tuple[int, bool]:
        """The number of the marking after a step, and whether it is new."""
        state = cleaned(way.step.state, self.model)
        key = (key_of(state), way.subject, way.cut, way.code)
        found = self.index.get(key)
        if found is not None:
            return found, False
        space, at = self.space, len(self.space.states)
        self.index[key] = at
        space.states.append((state, way.subject))
        space.edges.append([])
        if way.failed is not None:
            space.failed[at] = way.failed
        if way.cut is not None:
            space.cut[at] = way.cut
        if way.code:
            space.codes[at] = way.code
        crowd = _crowded(state)
        if crowd is not None:
            space.twice[at] = crowd[0]
            if crowd[1] > 2:
                space.unbounded[at] = crowd[0]
        return at, True


def _text(element: Any) -> str | None:
    return element if isinstance(element, str) else None


def _outside(state: State, around: int) -> tuple[Any, ...]:
    """The waits and the tokens at joins that are not inside a scope or body; all inside for the instance itself."""
    if not around:
        return ()
    inside = {around}
    for scope, record in state.scopes.items():  # a scope is always younger than the one around it
        if record[BODY] in inside or record[PARENT] in inside:
            inside.add(scope)
    for body, record in state.bodies.items():
        if record[B_SCOPE] in inside:
            inside.add(body)
            inside.update(scope for scope, leg in state.scopes.items() if leg[BODY] == body)
    waits = tuple(wait for wait, record in state.waits.items() if record[2] not in inside)
    joins = tuple((key, tuple(tokens.items())) for key, tokens in state.joins.items() if key[0] not in inside)
    return waits, joins


def _places(state: State) -> Iterator[tuple[int, int]]:
    """The node and scope of every token at rest."""
    yield from ((record[1], record[2]) for record in state.waits.values() if record[3] == 0)
    yield from ((record[0], record[1]) for record in state.scopes.values() if not record[3])
    yield from ((body[0], body[1]) for body in state.bodies.values())
    yield from ((index, scope) for scope, index in state.joins)


def _crowded(state: State) -> tuple[int, int] | None:
    """The node at which most tokens of one scope are at once, and how many; None where each is alone."""
    waits = [(record[1], record[2]) for record in state.waits.values() if record[3] == 0]
    places = Counter(waits) if len(waits) > 1 else Counter()
    for record in state.scopes.values():
        if not record[3]:
            places[record[0], record[1]] += 1
    for body in state.bodies.values():
        places[body[0], body[1]] += 1
    for (scope, index), tokens in state.joins.items():
        places[index, scope] = max(tokens.values())
    most = max(places.items(), key=lambda item: item[1], default=None)
    return (most[0][0], most[1]) if most is not None and most[1] > 1 else None


def _self_contained(model: Model) -> frozenset[int]:
    """The events that begin something beside the rest which neither moves a subject nor ends or meets anything else."""
    return frozenset(
        node.index for node in model.net.nodes if not node.interrupting and not any(map(_is_seen, _begun(model, node)))
    )


def _begun(model: Model, node: Node) -> Iterator[Node]:
    """All that the event begins; what it shares with others, a node that is seen, stands for meeting them."""
    net = model.net
    if node.kind is Kind.START:
        yield from (each for each in net.nodes if _is_within(model, each, node.scope))
        return
    along = model.along([node.index])
    for index in along:
        yield net.nodes[index]
        inside = net.nodes[index].scope_inside
        if inside is not None:
            yield from (each for each in net.nodes if _is_within(model, each, inside))
        if index not in model.begun_by[node.index] or net.nodes[index].boundaries:
            yield replace(net.nodes[index], loop="issue")


def _is_within(model: Model, node: Node, scope: int | None) -> bool:
    where: int | None = node.scope
    while where is not None:
        if where == scope:
            return True
        where = model.net.scopes[where].parent
    return False


def _is_seen(node: Node) -> bool:
    """Whether a node moves a subject or is felt by what runs beside it."""
    if node.call is not None or node.action or node.loop not in (None, "report", "coordinate"):
        return True
    event = node.event
    kinds = {event.kind, *(part.kind for part in event.parts)} if event is not None else set()
    felt = _FELT if node.kind is Kind.END else _FELT - {"terminate"}
    return node.kind in (Kind.END, Kind.THROW) and bool(kinds & felt)
