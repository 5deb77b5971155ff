"""What the proof plays: the net as the token game knows it, with its data made finite and its time made one hour.

The game itself is not touched: the model is a net of its own, played by a program whose expressions ask an oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import combinations, product
from typing import Any

from engine.bpmn.choices import choice_at
from engine.bpmn.expressions.language import CompiledExpression, compile_expression
from engine.bpmn.net import HUMAN, Event, Expression, Kind, Net, Node
from engine.bpmn.program import Arrival, Program
from engine.bpmn.proof_conditions import UNKNOWN, Oracle, plain
from engine.bpmn.proof_graph import Graph
from engine.bpmn.proof_terms import Schema
from engine.domain.directive import decisions
from engine.errors import EngineError

_HOUR = Expression("PT1H")
_TWICE = Expression("R2/PT1H")
_MOST_VALUES, _MOST_ANSWERS = 8, 32
_ABSENT = object()
Answers = Mapping[str, Any]


class Model:
    """One net made ready to be explored; `departments` are those an order goes to (none: it is bound to no order)."""

    def __init__(self, net: Net, forms: Mapping[str, Schema], departments: tuple[str, ...] = ()) -> None:
        self.original = net
        self.departments = departments
        self.forms = forms
        self.net = replace(net, nodes=tuple(_made_finite(node) for node in net.nodes))
        self.graph = Graph(net)
        self.roles = _roles(self.net)
        self.read = _names_read(self.net, self.roles)
        self.finite = self._finite()
        self.answers_of = [self._answers(node) if node.kind in HUMAN else () for node in net.nodes]
        self.live = self._live()
        self.errors = [self._caught(node, "error") for node in net.nodes]
        self.begun_by = [self._begun_by(node) for node in net.nodes]
        self.escalations = [self._caught(node, "escalation") for node in net.nodes]

    def begins_with(self) -> dict[str, Any]:
        """What the proof knows of the variables an instance begins with."""
        known = {"legs": list(self.departments), "completion_rule": "all"} if self.departments else {}
        return {name: value for name, value in known.items() if name in self.finite}

    # -- data ------------------------------------------------------------------------------------------------------

    def _finite(self) -> frozenset[str]:
        """The names that are read and of which every value is known where somebody wrote one."""
        written = {"legs", "completion_rule"} if self.departments else set()
        open_ended: set[str] = set()
        for node in self.original.nodes:
            open_ended.update(target for _, target in node.outputs)
            open_ended.update(target for _, target in (node.call.outputs if node.call else ()))
            open_ended.update(name for name in (node.result, node.multi and node.multi.output_collection) if name)
            if node.kind in HUMAN:
                choice = choice_at(self.original, node)
                written |= {choice.variable} if choice else set()
                fields = _fields(self.forms.get(node.form or "", {}))
                written |= {name for name, schema in fields.items() if self._values(name, schema) is not None}
        return frozenset(self.read & written - open_ended)

    def _values(self, name: str, schema: Schema) -> tuple[Any, ...] | None:
        """Every value a field may have; None where there are too many."""
        if "enum" in schema:
            return tuple(schema["enum"]) if len(schema["enum"]) <= _MOST_VALUES else None
        if "const" in schema:
            return (schema["const"],)
        if schema.get("type") == "boolean":
            return (True, False)
        if self.departments and schema.get("x-cl-departments"):
            return tuple(list(part) for part in _parts(self.departments, int(schema.get("minItems", 0))))
        return None

    def _answers(self, node: Node) -> tuple[Answers, ...]:
        """Every way to complete a human node, as far as the ways differ for the proof."""
        choice = choice_at(self.original, node)
        if choice is not None:
            if not choice.several:
                return tuple({choice.variable: label} for label in choice.labels)
            return tuple({choice.variable: list(part)} for part in _some_parts(choice.labels))
        schema = self.forms.get(node.form or "")
        decides = decisions(node.loop) if node.loop else ()
        if schema is None:
            open_ended = dict.fromkeys(self.read, UNKNOWN)
            return self._with_legs(
                [{**open_ended, **({"decision": each} if each else {})} for each in decides or ("",)]
            )
        fields, required = _fields(schema), frozenset(schema.get("required", ()))
        ways: dict[str, tuple[Any, ...]] = {}
        for name in sorted(self.read | ({"decision", "legs"} if node.loop else set())):
            if name in fields:
                values = self._values(name, fields[name]) or (UNKNOWN,)
                ways[name] = values if name in required else (_ABSENT, *values)
        if decides and "decision" not in ways:
            ways["decision"] = decides
        rows = [
            {name: value for name, value in zip(ways, row, strict=True) if value is not _ABSENT}
            for row in product(*ways.values())
        ]
        return tuple(row for row in rows if _may_be_answered(schema, row))[:_MOST_ANSWERS]

    def _with_legs(self, rows: list[dict[str, Any]]) -> tuple[Answers, ...]:
        """Of a node without a form: who fails a verification also says which departments rework."""
        return tuple(
            {**row, "legs": list(part)} if row.get("decision") == "fail" else row
            for row in rows
            for part in (_parts(self.departments, 1) if row.get("decision") == "fail" and self.departments else ((),))
        )

    def _live(self) -> list[frozenset[str]]:
        """For each node, the finite names that somebody may still read before they are written again."""
        net, read, live = self.net, [set[str]() for _ in self.net.nodes], [set[str]() for _ in self.net.nodes]
        for node in net.nodes:
            for expression in _expressions(net, node):
                if self.roles.get(expression, "value") != "value":
                    read[node.index] |= _names(expression) & self.finite
        kills = [self._surely_writes(node) for node in net.nodes]
        waiting = set(range(len(net.nodes)))
        while waiting:
            index = waiting.pop()
            behind = set().union(*(live[target] for target in self.graph.after[index]))
            new = read[index] | behind - (kills[index] if not net.nodes[index].boundaries else set())
            if new != live[index]:
                live[index] = new
                waiting.update(self.graph.before[index])
        return [frozenset(each) for each in live]

    def _surely_writes(self, node: Node) -> set[str]:
        rows = self.answers_of[node.index]
        return set.intersection(*(set(row) for row in rows)) if rows else set()

    # -- events ----------------------------------------------------------------------------------------------------

    def _caught(self, node: Node, kind: str) -> tuple[str, ...]:
        """The codes of errors (or escalations) that something around `node` catches, one that names none included."""
        found: dict[str, None] = {}
        for index in self.graph.disturbances(node):
            catcher = self.net.nodes[index]
            for event in (catcher.event, *(catcher.event.parts if catcher.event else ())):
                if event is not None and event.kind == kind:
                    found.setdefault(event.name or "any", None)
        return tuple(found)

    def _begun_by(self, node: Node) -> frozenset[int]:
        """The places, in the scope of the event, that only tokens which it began can be at."""
        net = self.original
        if node.kind is Kind.START:
            around = net.scopes[node.scope].node
            return frozenset(() if around is None else (around,))
        if node.attached_to is None:
            return frozenset()
        host = net.nodes[node.attached_to]
        before = self.along([*(net.flows[flow].target for flow in host.outgoing), host.index])
        return frozenset(self.along([node.index]) - before)

    def along(self, begin: list[int]) -> set[int]:
        """The nodes that flows lead to from these, in the same scope; those included."""
        seen, waiting = set(begin), list(begin)
        while waiting:
            for flow in self.original.nodes[waiting.pop()].outgoing:
                target = self.original.flows[flow].target
                if target not in seen:
                    seen.add(target)
                    waiting.append(target)
        return seen


class OracleProgram(Program):
    """The program of a model: its conditions are the oracle's, its lists are short, its other values unknown."""

    def __init__(self, model: Model, arrival_of: Callable[[Node], Arrival], oracle: Oracle) -> None:
        self.model = model
        self.oracle = oracle
        super().__init__(model.net, arrival_of)

    def _compile(self, expression: Expression) -> CompiledExpression:
        try:
            compiled = compile_expression(expression.source, expression.spelling)
            tree, names = compiled.tree, compiled.names
        except EngineError:
            tree, names = ("unreadable", 0, expression.source), frozenset()
        closure = getattr(self, f"_{self.model.roles.get(expression, 'value')}")(tree)
        made = CompiledExpression(expression.source, expression.spelling, names, tree, closure)
        self.compiled[expression] = made
        return made

    def _condition(self, tree: Any) -> Any:
        holds = self.oracle.holds
        return lambda names, run: holds(tree, names)

    def _list(self, tree: Any) -> Any:
        departments = self.model.departments or (UNKNOWN, UNKNOWN)

        def legs(names: Mapping[str, Any], run: Any) -> Any:
            if tree[0] in ("name", "variable") and isinstance(names.get(tree[2]), list):
                return names[tree[2]]
            if tree[0] == "list" and all(item[0] == "const" for item in tree[2]):
                return [item[2] for item in tree[2]][:2]
            return list(departments[: (len(departments), 1, 0)[self.oracle.pick(plain(tree), 3)]])

        return legs

    def _number(self, tree: Any) -> Any:
        if tree[0] == "const" and isinstance(tree[2], int):
            return lambda names, run: min(int(tree[2]), 2)
        return lambda names, run: (2, 1, 0)[self.oracle.pick(plain(tree), 3)]

    def _value(self, tree: Any) -> Any:
        return lambda names, run: UNKNOWN

    def _time(self, tree: Any) -> Any:
        return lambda names, run: timedelta(hours=1)


NOW = datetime.fromisoformat("2026-01-05T01:00:00+00:00")
"""The instant of every step of a proof: what is due when is left open, so that every order of events is looked at."""


def _made_finite(node: Node) -> Node:
    """A node whose timers last an hour, whose loop ends after two rounds, and whose computing is an operation."""
    if node.kind in (Kind.RULE, Kind.SCRIPT):
        node = replace(node, kind=Kind.SERVICE)
    if node.event is not None:
        node = replace(node, event=_timed(node.event, node.interrupting))
    if node.repeat is not None:
        node = replace(node, repeat=replace(node.repeat, most=min(node.repeat.most or 2, 2)))
    return node


def _timed(event: Event, interrupting: bool) -> Event:
    if event.kind == "timer":
        again = event.timer_kind == "cycle" and not interrupting
        event = replace(event, timer=_TWICE if again else _HOUR, timer_kind="cycle" if again else "duration")
        event = replace(event, timer_literal=True)
    return replace(event, parts=tuple(_timed(part, interrupting) for part in event.parts))


def _roles(net: Net) -> dict[Expression, str]:
    """What the value of each expression is for; where two nodes ask the same, a condition comes before a list."""
    roles: dict[Expression, str] = {}
    for node in net.nodes:
        if node.multi is not None and node.multi.collection is not None:
            roles[node.multi.collection] = "list"
        if node.multi is not None and node.multi.cardinality is not None:
            roles[node.multi.cardinality] = "number"
        for event in _events(node.event):
            if event.timer is not None and not event.timer_literal:
                roles[event.timer] = "time"
    for condition in _conditions(net):
        roles[condition] = "condition"
    return roles


def _conditions(net: Net) -> Iterator[Expression]:
    yield from (flow.condition for flow in net.flows if flow.condition is not None)
    for node in net.nodes:
        own = (
            node.multi.completion if node.multi else None,
            node.repeat.condition if node.repeat else None,
            node.adhoc.completion if node.adhoc else None,
            node.activation,
            *(event.condition for event in _events(node.event)),
        )
        yield from (each for each in own if each is not None)


def _events(event: Event | None) -> Iterator[Event]:
    if event is not None:
        yield event
        for part in event.parts:
            yield from _events(part)


def _expressions(net: Net, node: Node) -> Iterator[Expression]:
    """The expressions that decide how tokens go on at a node."""
    yield from (c for flow in node.outgoing if (c := net.flows[flow].condition) is not None)
    multi = node.multi
    own = [multi.completion, multi.collection, multi.cardinality] if multi is not None else []
    own += [node.repeat.condition if node.repeat else None, node.adhoc.completion if node.adhoc else None]
    own += [node.activation]
    own += [event.condition for event in _events(node.event)]
    yield from (each for each in own if each is not None)


def _names_read(net: Net, roles: Mapping[Expression, str]) -> frozenset[str]:
    return frozenset().union(*(_names(each) for each, role in roles.items() if role != "time"))


def _names(expression: Expression) -> frozenset[str]:
    try:
        return compile_expression(expression.source, expression.spelling).names
    except EngineError:
        return frozenset()


def _fields(schema: Schema) -> Mapping[str, Schema]:
    fields = schema.get("properties", {})
    return {name: field for name, field in fields.items() if isinstance(field, Mapping)}


def _may_be_answered(schema: Schema, row: Answers) -> bool:
    """Whether the form lets this through, as far as `if`/`then` asks for a field the proof leaves out."""
    test, then = schema.get("if"), schema.get("then")
    if not isinstance(test, Mapping) or not isinstance(then, Mapping):
        return True
    wanted = {name: field.get("const") for name, field in _fields(test).items() if "const" in field}
    if any(row.get(name) != value for name, value in wanted.items()):
        return True
    known = {name for name in _fields(schema) if name in row}
    return all(name in known for name in then.get("required", ()) if name in ("decision", "legs"))


def _parts(of: Iterable[Any], least: int) -> list[tuple[Any, ...]]:
    items = tuple(of)
    return [part for size in range(max(least, 0), len(items) + 1) for part in combinations(items, size)]


def _some_parts(labels: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Every choice of up to three labels, of more each alone and all together."""
    return _parts(labels, 1) if len(labels) <= 3 else [*((label,) for label in labels), labels]
