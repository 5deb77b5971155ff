"""Compiling and evaluating: source text in, value out, with every limit kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from engine.bpmn.expressions.closures import Closure, closure_of, truth
from engine.bpmn.expressions.faults import SOURCE_LIMIT, fault
from engine.bpmn.expressions.feel import compile_feel, evaluate_to_engine
from engine.bpmn.expressions.grammar import Parser
from engine.bpmn.expressions.tokens import tokenise
from engine.bpmn.expressions.tree import Tree, measure
from engine.bpmn.expressions.values import Run, bounded
from engine.bpmn.net import Spelling

_COMPILED_KEPT = 4_096


@dataclass(frozen=True, slots=True)
class CompiledExpression:
    """A checked expression: its source, its tree, the top-level names it reads, and what evaluates it."""

    source: str
    spelling: Spelling
    names: frozenset[str]
    tree: Tree = field(repr=False)
    closure: Closure = field(repr=False, compare=False)


def spelling_of(source: str) -> Spelling:
    """The spelling of `source`: FEEL after a leading `=`, JUEL where it opens a hole with `${` or `#{`, else plain.

    Source: Zeebe writes every expression as FEEL with the sign in front; no other spelling can begin with it.
    """
    if source.startswith("="):
        return "feel"
    return "juel" if "${" in source or "#{" in source else "plain"


def compile_expression(source: str, spelling: Spelling = "plain") -> CompiledExpression:
    """The compiled expression, kept for the next time. Raises: ExpressionError."""
    if len(source) > SOURCE_LIMIT:
        raise fault("expression.source_too_long", limit=SOURCE_LIMIT, found=len(source))
    return _compiled(source, spelling)


@lru_cache(maxsize=_COMPILED_KEPT)
def _compiled(source: str, spelling: Spelling) -> CompiledExpression:
    if spelling == "feel":
        return compiled_feel(source, None)
    tree = _juel_tree(source) if spelling == "juel" else _plain_tree(source)
    names = measure(tree)
    return CompiledExpression(source, spelling, names, tree, closure_of(tree))


def compiled_feel(source: str, known: Collection[str] | None) -> CompiledExpression:
    """A FEEL expression, of which a null that stands for a fault is a refusal and not a value.

    The sign `=`, by which Zeebe marks FEEL in an attribute, may stand in front. Raises: ExpressionError.
    """
    text = " " + source[1:] if source.startswith("=") else source
    feel = compile_feel(text, known)

    def value(names: Mapping[str, Any], run: Run) -> Any:
        return evaluate_to_engine(feel, names, run.now)

    return CompiledExpression(source, "feel", feel.names, feel.tree, value)


def evaluate(compiled: CompiledExpression, names: Mapping[str, Any], now: datetime) -> Any:
    """The value of the expression over `names`, which stay as they are. Raises: ExpressionError."""
    value = compiled.closure(names, Run(now))
    return value if value is True or value is False else bounded(value)


def is_true(compiled: CompiledExpression, names: Mapping[str, Any], now: datetime) -> bool:
    """Whether the condition holds; null counts as false. Raises: ExpressionError, also for what is not boolean."""
    return truth(compiled.closure(names, Run(now)), None)


def _plain_tree(source: str) -> Tree:
    tokens, _ = tokenise(source, 0, "plain")
    return Parser(tokens, "plain").parse()


def _juel_tree(source: str) -> Tree:
    """The tree of a text with holes; of the hole alone where nothing but space surrounds it."""
    parts: list[Tree] = []
    holes: list[Tree] = []
    literal, at = "", 0
    while at < len(source):
        if source.startswith(("\\$", "\\#"), at):
            literal, at = literal + source[at + 1], at + 2
        elif source.startswith(("${", "#{"), at):
            parts.append(("const", at, literal))
            literal = ""
            tokens, at = tokenise(source, at + 2, "juel")
            holes.append(Parser(tokens, "juel").parse())
            parts.append(holes[-1])
        else:
            literal, at = literal + source[at], at + 1
    parts.append(("const", at, literal))
    around = "".join(part[2] for part in parts[::2])
    if len(holes) == 1 and not around.strip():
        return holes[0]
    if not holes:
        if not literal.strip():
            raise fault("expression.empty", 0)
        return parts[0]
    return ("text", 0, tuple(part for part in parts if part[0] != "const" or part[2] != ""))
