"""Compiling and evaluating FEEL: source and known names in, values and faults out, with every limit kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from engine.bpmn.expressions.faults import SOURCE_LIMIT, ExpressionError, fault
from engine.bpmn.expressions.feel import calls, logic, loops
from engine.bpmn.expressions.feel.builtins import BUILTINS
from engine.bpmn.expressions.feel.closures import Closure, Env, closure_of
from engine.bpmn.expressions.feel.grammar import Parser
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.scope import Scope
from engine.bpmn.expressions.feel.tokens import tokenise
from engine.bpmn.expressions.feel.values import to_engine
from engine.bpmn.expressions.tree import Tree, measure

_COMPILED_KEPT: Final = 2_048
_BUILDERS: Final = (calls, logic, loops)
"""Modules that register what builds their kinds of node when they are read."""
_LITERAL_CALLS: Final = frozenset({"date", "time", "date and time", "duration"})


@dataclass(frozen=True, slots=True)
class CompiledFeel:
    """A compiled expression or list of unary tests: its source, the variables it reads, and what evaluates it.

    `known`, `is_open` and `is_tests` say how it was compiled, so that it can be compiled again from its source.
    """

    source: str
    names: frozenset[str]
    tree: Tree = field(repr=False)
    closure: Closure = field(repr=False, compare=False)
    known: frozenset[str] | None = None
    is_open: bool = False
    is_tests: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an evaluation gave: a value of `feel.values`, and the faults in whose place null stands."""

    value: Any
    faults: tuple[ExpressionError, ...]


def compile_feel(source: str, known: Collection[str] | None = None, *, is_open: bool = False) -> CompiledFeel:
    """The compiled expression. `known` are the names that exist, None where nobody can say.

    Where `is_open`, there may be further variables. Raises: ExpressionError.
    """
    return _compiled(_sized(source), None if known is None else frozenset(known), is_open, False)


def compile_unary_tests(source: str, known: Collection[str] | None = None, *, is_open: bool = False) -> CompiledFeel:
    """The compiled cell of a decision table; its input is `?`. Raises: ExpressionError."""
    return _compiled(_sized(source), None if known is None else frozenset(known), is_open, True)


def evaluate_feel(compiled: CompiledFeel, names: Mapping[str, Any], now: datetime) -> Outcome:
    """The value over `names`, which may be values of the engine or of FEEL. Raises: ExpressionError out of budget."""
    return _evaluated(compiled, Env({}, None), FeelRun(names, now))


def passes_unary_tests(compiled: CompiledFeel, value: Any, names: Mapping[str, Any], now: datetime) -> Outcome:
    """Whether `value`, a value of FEEL, passes the tests; null where nobody can say. Raises: ExpressionError."""
    return _evaluated(compiled, Env({"?": value}, None), FeelRun(names, now))


def value_in(run: FeelRun, compiled: CompiledFeel, question: Any = None) -> Any:
    """The value within a longer run that keeps names, budget and faults; `question` is the input of unary tests.

    Raises: ExpressionError out of budget.
    """
    return _value(compiled, Env({"?": question}, None), run)


def evaluate_to_engine(compiled: CompiledFeel, names: Mapping[str, Any], now: datetime) -> Any:
    """The value as a variable of the engine. Raises: ExpressionError, also where null stands for a fault."""
    run = FeelRun(names, now)
    outcome = _evaluated(compiled, Env({}, None), run)
    if outcome.value is None and outcome.faults:
        raise outcome.faults[0]
    return to_engine(run, outcome.value)


def literal_range(run: FeelRun, text: str) -> Any:
    """The range of literals that `text` says, for the function `range`. Raises: ExpressionError."""
    run.spend(len(text) // 4)
    tree = Parser(tokenise(_sized(text)), Scope((), BUILTINS)).parse()
    measure(tree)
    if tree[0] != "interval" or not all(_is_literal(end) for end in (tree[2], tree[4])):
        raise fault("expression.range_syntax", found=text)
    return closure_of(tree)(Env({}, None), run)


def _is_literal(node: Tree | None) -> bool:
    if node is None:
        return False
    if node[0] == "call":
        return node[2] in _LITERAL_CALLS and all(part[0] == "const" for part in node[3])
    return "const" in (node[0], node[2][0] if node[0] == "minus" else None)


def _sized(source: str) -> str:
    if len(source) > SOURCE_LIMIT:
        raise fault("expression.source_too_long", limit=SOURCE_LIMIT, found=len(source))
    return source


@lru_cache(maxsize=_COMPILED_KEPT)
def _compiled(source: str, known: frozenset[str] | None, is_open: bool, is_tests: bool) -> CompiledFeel:
    parser = Parser(tokenise(source), Scope(known, BUILTINS, is_open=is_open))
    tree = parser.parse_unary_tests() if is_tests else parser.parse()
    names = measure(tree)
    return CompiledFeel(source, names, tree, closure_of(tree), known, is_open, is_tests)


def _evaluated(compiled: CompiledFeel, env: Env, run: FeelRun) -> Outcome:
    value = _value(compiled, env, run)
    return Outcome(value, tuple(run.faults))


def _value(compiled: CompiledFeel, env: Env, run: FeelRun) -> Any:
    try:
        return compiled.closure(env, run)
    except ExpressionError as refusal:
        return run.note(refusal, None)
