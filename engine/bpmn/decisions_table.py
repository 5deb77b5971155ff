"""The logic of one decision of a DMN file: its table or expression, compiled and checked column by column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Protocol, get_args

from lxml.etree import _Element

from engine.bpmn.decisions_model import Aggregation, HitPolicy, Input, Output, Rule, Table
from engine.bpmn.expressions.faults import ExpressionError
from engine.bpmn.expressions.feel.language import CompiledFeel, compile_feel, compile_unary_tests
from engine.bpmn.expressions.feel.values import kind_of
from engine.bpmn.expressions.tree import Tree
from engine.bpmn.findings import Findings

MOST_RULES: Final = 2_000
_FEEL: Final = ("", "feel", "FEEL")
_KINDS: Final = {
    **dict.fromkeys(("number", "integer", "long", "double", "decimal"), "number"),
    **{name: name for name in ("string", "boolean", "date", "time")},
    **dict.fromkeys(("date and time", "dateTime"), "date and time"),
    **dict.fromkeys(("dayTimeDuration", "days and time duration"), "days and time duration"),
    **dict.fromkeys(("yearMonthDuration", "years and months duration"), "years and months duration"),
}


class _Compile(Protocol):
    """What compiles the text of a cell."""

    def __call__(self, source: str, known: frozenset[str], *, is_open: bool) -> CompiledFeel: ...


class TableReader:
    """Reads the logic of one decision, whose texts may read the names `known`, and any other where `is_open`."""

    def __init__(self, namespace: str, findings: Findings, known: frozenset[str], *, is_open: bool) -> None:
        self._namespace = namespace
        self._findings = findings
        self._known = known
        self._is_open = is_open

    def expression(self, element: _Element, parameters: list[str] | None = None) -> CompiledFeel | None:
        """The literal expression in `element`, a function of the parameters where there are any to name."""
        if parameters is None:
            return self._compiled(element, compile_feel)
        heading = f"function({', '.join(parameters)}) "
        return self._compiled(element, compile_feel, heading=heading)

    def read(self, element: _Element) -> Table | None:
        """The decision table, None where a finding stands in its place."""
        errors = self._findings.errors()
        hit_policy, aggregation = self._policy(element)
        inputs = [self._input(column) for column in self._children(element, "input")]
        outputs = [self._output(column) for column in self._children(element, "output")]
        rows = list(self._children(element, "rule"))
        if not outputs or len(rows) > MOST_RULES:
            message = f"Expected outputs and at most {MOST_RULES} rules, but there are {len(outputs)} and {len(rows)}."
            self._findings.error("dmn.table", element, message)
            return None
        kinds = [self._kind(column, "inputExpression") for column in self._children(element, "input")]
        answers = [self._kind(column) for column in self._children(element, "output")]
        rules = [self._rule(row, kinds, answers) for row in rows]
        self._refuse_policy(element, hit_policy, aggregation, outputs)
        if self._findings.errors() > errors:
            return None
        return Table(
            hit_policy, aggregation, _whole(inputs), tuple(part for part in outputs if part is not None), _whole(rules)
        )

    def _children(self, element: _Element, kind: str) -> Iterator[_Element]:
        return element.iterchildren(f"{{{self._namespace}}}{kind}")

    def _first(self, element: _Element, kind: str) -> _Element | None:
        return next(self._children(element, kind), None)

    def _policy(self, element: _Element) -> tuple[HitPolicy, Aggregation | None]:
        written = element.get("hitPolicy", "UNIQUE")
        aggregation = element.get("aggregation")
        if written not in get_args(HitPolicy) or aggregation not in (None, *get_args(Aggregation)):
            message = f"Expected a hit policy of DMN, but found {written!r:.50} with {aggregation!r:.50}."
            self._findings.error("dmn.hit_policy", element, message)
            return "UNIQUE", None
        return written, aggregation  # type: ignore[return-value]

    def _refuse_policy(
        self, element: _Element, policy: HitPolicy, aggregation: Aggregation | None, outputs: list[Output | None]
    ) -> None:
        if policy in ("PRIORITY", "OUTPUT ORDER") and not any(output and output.values for output in outputs):
            message = f"Expected output values in the order of their priority for {policy}, but there are none."
            self._findings.error("dmn.priority", element, message)
        if aggregation is not None and (policy != "COLLECT" or len(outputs) != 1):
            message = "Expected an aggregation with COLLECT and one output only, but it stands elsewhere."
            self._findings.error("dmn.aggregation", element, message)
        names = [output.name for output in outputs if output is not None]
        if len(names) > 1 and (len(set(names)) < len(names) or "" in names):
            self._findings.error(
                "dmn.output", element, "Expected a name of its own for every output, but some have none."
            )

    def _input(self, element: _Element) -> Input | None:
        holder = self._first(element, "inputExpression")
        if holder is None:
            self._findings.error("dmn.input", element, "Expected an expression for the input, but there is none.")
            return None
        expression = self._compiled(holder, compile_feel)
        values = self._first(element, "inputValues")
        allowed = None if values is None or not self._text(values) else self._compiled(values, compile_unary_tests)
        label = element.get("label") or self._text(holder)
        return None if expression is None else Input(element.get("id", ""), label, expression, allowed)

    def _output(self, element: _Element) -> Output | None:
        name = element.get("name") or ""
        values = self._first(element, "outputValues")
        ordered = () if values is None or not self._text(values) else self._values(values)
        holder = self._first(element, "defaultOutputEntry")
        default = None if holder is None else self._compiled(holder, compile_feel)
        return Output(element.get("id", ""), name, ordered, default)

    def _values(self, element: _Element) -> tuple[CompiledFeel, ...]:
        """The values of a list such as `"high", "low"`, each as an expression of its own."""
        listed = self._compiled(element, compile_feel, heading="[", end="]")
        if listed is None or listed.tree[0] != "list":
            return ()
        parts = range(1, len(listed.tree[2]) + 1)
        return tuple(compile_feel(f"{listed.source}[{place}]", self._known, is_open=self._is_open) for place in parts)

    def _rule(self, row: _Element, kinds: list[str | None], answers: list[str | None]) -> Rule | None:
        tests = list(self._children(row, "inputEntry"))
        entries = list(self._children(row, "outputEntry"))
        if len(tests) != len(kinds) or len(entries) != len(answers):
            message = (
                f"Expected {len(kinds)} tests and {len(answers)} answers, but found {len(tests)} and {len(entries)}."
            )
            self._findings.error("dmn.rule", row, message)
            return None
        cells = [self._cell(entry, kind, compile_unary_tests, "-") for entry, kind in zip(tests, kinds, strict=True)]
        values = [self._cell(entry, kind, compile_feel, "null") for entry, kind in zip(entries, answers, strict=True)]
        if None in cells or None in values:
            return None
        return Rule(row.get("id", ""), _whole(cells), _whole(values))

    def _cell(self, element: _Element, kind: str | None, compile_text: _Compile, empty: str) -> CompiledFeel | None:
        """A cell, an empty one standing for `empty`; its constants must be of the kind of the column."""
        compiled = self._compiled(element, compile_text, empty)
        if compiled is None or kind is None or self._text(element) in ("", "-"):
            return compiled
        for found in sorted(set(_constant_kinds(compiled.tree)) - {kind}):
            message = f"Expected values of the column's type {kind}, but this cell has {found}."
            self._findings.error("dmn.type", element, message)
            return None
        return compiled

    def _kind(self, column: _Element, holder: str | None = None) -> str | None:
        element = column if holder is None else self._first(column, holder)
        written = "" if element is None else element.get("typeRef", "").rpartition(":")[2]
        return _KINDS.get(written)

    def _text(self, element: _Element) -> str:
        holder = self._first(element, "text")
        return "" if holder is None else "".join(holder.itertext()).strip()

    def _compiled(
        self, element: _Element, compile_text: _Compile, empty: str = "", heading: str = "", end: str = ""
    ) -> CompiledFeel | None:
        """The text of the element, compiled between `heading` and `end`; None where a finding stands in its place."""
        language = element.get("expressionLanguage", "")
        if language.rstrip("/").rpartition("/")[2] not in _FEEL and "feel" not in language.lower():
            self._findings.unsupported(element, f"an expression in {language:.60}", "write it in FEEL")
            return None
        try:
            text = f"{heading}{self._text(element) or empty}{end}"
            return compile_text(text, self._known, is_open=self._is_open)
        except ExpressionError as refusal:
            at = refusal.params.get("at")
            params = {name: value for name, value in refusal.params.items() if name != "element"}
            place = "" if at is None else f" (character {at + 1 - len(heading)})"
            self._findings.error(refusal.code, element, f"{refusal.message}{place}", **params)
            return None


def _whole(parts: list[Any]) -> tuple[Any, ...]:
    return tuple(part for part in parts if part is not None)


def _constant_kinds(tree: Tree) -> Iterator[str]:
    """The kinds of the constants a cell consists of: those of its tests and of the ends of ranges, or its own."""
    if tree[0] == "const":
        if tree[2] is not None:
            yield kind_of(tree[2])
    elif tree[0] == "unless":
        yield from _constant_kinds(tree[2])
    elif tree[0] == "in":
        for test in tree[3]:
            yield from _constant_kinds(test[3])
    elif tree[0] == "interval":
        for end in (tree[2], tree[4]):
            if end is not None:
                yield from _constant_kinds(end)
