"""When two states are one marking: the same tokens in the same places, with the same known data.

Numbers of waits, scopes and bodies tell nothing; what hangs on them hangs on what they stand for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.bpmn.joins import round_of
from engine.bpmn.proof_conditions import UNKNOWN
from engine.bpmn.proof_model import Model
from engine.bpmn.state import (
    B_ACTIVE,
    B_COMPLETED,
    B_NODE,
    B_SCOPE,
    B_STARTED,
    B_TOTAL,
    BODY,
    FAILURE,
    INSIDE,
    LAYER,
    NODE,
    PARENT,
    TIMER,
    State,
)

Key = tuple[Any, ...]


def cleaned(state: State, model: Model) -> State:
    """The state without data that no condition reads any more, and without what the proof knows nothing of."""
    live = _live(state, model)
    state.variables = _kept(state.variables, live)
    for record in state.scopes.values():
        if record[LAYER] is not None:
            multi = model.net.nodes[record[NODE]].multi
            record[LAYER] = _kept(record[LAYER], live, "loopCounter", multi.element if multi else None)
    for body in state.bodies.values():
        if body[7] is not None:
            body[7] = [None] * len(body[7])
    for records in state.done.values():
        _forget_repeated(records)
    return state


def _live(state: State, model: Model) -> set[str]:
    if not model.finite:
        return set()
    places = {record[1] for record in state.waits.values()}
    places.update(record[NODE] for record in state.scopes.values())
    places.update(body[B_NODE] for body in state.bodies.values())
    places.update(index if index >= 0 else round_of(index) for _, index in state.joins)
    places.update(gate[0] for gate in state.gates.values())
    return set().union(*(model.live[place] for place in places))


def _kept(values: Mapping[str, Any], live: set[str], *always: str | None) -> dict[str, Any]:
    return {
        name: value
        for name, value in values.items()
        if name in always or name == "loopCounter" or (name in live and value != UNKNOWN)
    }


def _forget_repeated(records: list[Any]) -> None:
    """Keep of several records of one activity the last: how often it is compensated makes no other marking."""
    seen: set[Any] = set()
    for at in range(len(records) - 1, -1, -1):
        what = records[at][0] if isinstance(records[at], list | tuple) and records[at] else None
        if what in seen:
            del records[at]
        elif what is not None:
            seen.add(what)


def key_of(state: State) -> Key:
    """What is the same for two states that are one marking."""
    return _Keys(state).whole()


class _Keys:
    def __init__(self, state: State) -> None:
        self.state = state
        self.hosted: dict[int, list[int]] = {}
        self.waits: dict[int, list[int]] = {}
        self.scopes: dict[int, list[int]] = {}
        self.legs: dict[int, list[int]] = {}
        self.bodies: dict[int, list[int]] = {}
        for wait, record in state.waits.items():
            if record[3] > 0:
                self.hosted.setdefault(record[3], []).append(wait)
            else:
                self.waits.setdefault(record[2], []).append(wait)
        for scope, scope_record in state.scopes.items():
            where = self.legs if scope_record[BODY] else self.scopes
            where.setdefault(scope_record[BODY] or scope_record[PARENT], []).append(scope)
        for body, body_record in state.bodies.items():
            self.bodies.setdefault(body_record[B_SCOPE], []).append(body)

    def whole(self) -> Key:
        state = self.state
        return (state.outcome, state.live, _values(state.variables), self._inside(0))

    def _inside(self, scope: int) -> Key:
        state = self.state
        waits = tuple(sorted(self._wait(wait) for wait in self.waits.get(scope, ())))
        if not (state.scopes or state.bodies or state.joins or state.gates or state.done):
            return (waits,)
        joins = (
            (index, tuple(sorted(tokens.items()))) for (where, index), tokens in state.joins.items() if where == scope
        )
        return (
            waits,
            tuple(sorted((self._scope(each) for each in self.scopes.get(scope, ())), key=repr)),
            tuple(sorted((self._body(each) for each in self.bodies.get(scope, ())), key=repr)),
            tuple(sorted(joins)),
            tuple(sorted((self._gate(gate) for gate, held in state.gates.items() if held[1] == scope), key=repr)),
            tuple(
                str(record[0] if isinstance(record, list | tuple) else record) for record in state.done.get(scope, ())
            ),
        )

    def _wait(self, wait: int) -> Key:
        what, node, _, host, extra = self.state.waits[wait]
        more = str(extra) if what == FAILURE else str(extra[1]) if what == TIMER else str(extra) if extra else ""
        return (what, node, host, more, self._on(wait))

    def _on(self, host: int) -> Key:
        return tuple(sorted(self._hosted(wait) for wait in self.hosted.get(host, ())))

    def _hosted(self, wait: int) -> Key:
        what, node, _, _, extra = self.state.waits[wait]
        return (what, node, str(extra[1]) if what == TIMER else str(extra) if extra else "")

    def _scope(self, scope: int) -> Key:
        record = self.state.scopes[scope]
        layer = () if record[LAYER] is None else _values(record[LAYER])
        return (record[NODE], record[INSIDE], record[5], layer, self._on(scope), self._inside(scope))

    def _body(self, body: int) -> Key:
        record = self.state.bodies[body]
        counts = (record[B_TOTAL], record[B_STARTED], record[B_COMPLETED], record[B_ACTIVE])
        legs = tuple(sorted((self._scope(leg) for leg in self.legs.get(body, ())), key=repr))
        return (record[B_NODE], counts, legs, self._on(body))

    def _gate(self, gate: int) -> Key:
        record = self.state.gates[gate]
        return (record[0], str(record[2:]), self._on(gate))


def _values(values: Mapping[str, Any]) -> Key:
    return tuple(sorted((name, repr(value)) for name, value in values.items() if name != "loopCounter"))
