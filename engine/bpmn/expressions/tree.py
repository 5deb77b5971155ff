"""The syntax tree: nested tuples `(kind, at, …)`, the same for all spellings.

Shape (`at` is the place in the source, counted from 0):
    ("const", at, value)                  ("name", at, name)            unknown name is an error
    ("variable", at, name)                unknown name gives null
    ("field", at, object, name)           ("index", at, object, index)
    ("list", at, (items…))                ("call", at, function, (arguments…))
    ("not", at, operand)                  ("minus", at, operand)
    ("and" | "or", at, (operands…))       ("if", at, condition, then, otherwise)
    ("equal" | "unequal" | "in", at, left, right)
    ("order", at, operator, left, right)  operator < <= > >=
    ("arith", at, operator, left, right)  operator + - * / % and rem (remainder with the sign of the dividend)
    ("text", at, (parts…))                text with holes
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from engine.bpmn.expressions.faults import DEPTH_LIMIT, NODE_LIMIT, fault

Tree = tuple[Any, ...]


def children(node: Tree) -> Iterator[Tree]:
    """The nodes directly below `node`, in source order."""
    for part in node[2:]:
        if isinstance(part, tuple):
            if part and isinstance(part[0], str):
                yield part
            else:
                yield from part


def walk(tree: Tree) -> Iterator[tuple[Tree, int]]:
    """Every node of `tree` with its depth, the root having depth 1. Never recurses."""
    waiting = [(tree, 1)]
    while waiting:
        node, depth = waiting.pop()
        yield node, depth
        waiting.extend((child, depth + 1) for child in children(node))


def measure(tree: Tree) -> frozenset[str]:
    """The free names `tree` reads. Raises: ExpressionError when it has too many nodes or is too deep."""
    names = set()
    count = 0
    for node, depth in walk(tree):
        count += 1
        if depth > DEPTH_LIMIT:
            raise fault("expression.too_deep", node[1], limit=DEPTH_LIMIT)
        if node[0] == "name" or node[0] == "variable":
            names.add(node[2])
    if count > NODE_LIMIT:
        raise fault("expression.too_many_nodes", limit=NODE_LIMIT, found=count)
    return frozenset(names)
