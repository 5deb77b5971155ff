"""What FEEL's operators stand between: literals, names, calls, paths, filters, ranges.

("const", at, value)                  ("name" | "local", at, name)          local: from the nearest level outwards
("list", at, (items…))                ("context", at, (entry…))             ("entry", at, key, node)
("interval", at, low | None, closed, high | None, closed)                   None: no end on that side
("path", at, target, name)            ("filter", at, target, condition)
("call", at, function, (arguments…))  a function of the language            ("arg", at, name, node)
("invoke", at, target, (arguments…))  a function value                      ("type", at, name, (parts…))
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.feel.iso import parse_literal
from engine.bpmn.expressions.feel.scope import KEYWORDS, Scope, run_of_names
from engine.bpmn.expressions.feel.tokens import word_of
from engine.bpmn.expressions.feel.type_grammar import TypeParser
from engine.bpmn.expressions.tokens import Token
from engine.bpmn.expressions.tree import Tree

COMPARISONS: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})
_CONSTANTS: Final = {"true": True, "false": False, "null": None}


class PrimaryParser(TypeParser, ABC):
    """The tight half of the grammar; the loose half gives it `_expression`."""

    def __init__(self, tokens: list[Token], scope: Scope) -> None:
        super().__init__(tokens)
        self._scope = scope
        self._in_range_end = False

    @abstractmethod
    def _expression(self) -> Tree: ...

    @abstractmethod
    def _sum(self) -> Tree: ...

    def _postfix(self) -> Tree:
        tree = self._primary()
        while True:
            at, word = self._peek().at, self._word()
            if word == "." and self._tokens[self._next + 1].kind == "name":
                self._take()
                tree = ("path", at, tree, self._new_name())
            elif word == "[" and not self._in_range_end:
                self._take()
                self._scope.enter_filter()
                condition = self._expression()
                self._scope.leave_filter()
                self._expect("]")
                tree = ("filter", at, tree, condition)
            elif word == "(":
                self._take()
                tree = ("invoke", at, tree, self._arguments())
            else:
                return tree

    def _primary(self) -> Tree:
        kind, value, at = self._peek()
        if kind in ("number", "text"):
            self._take()
            return ("const", at, value)
        if kind == "op":
            return self._sign(str(value), at)
        found = self._scope.find(self._tokens, self._next) if kind == "name" else None
        if found is not None and (value not in KEYWORDS or found.length > 1) and value not in _CONSTANTS:
            self._next += found.length
            if found.kind == "builtin":
                self._take()
                return ("call", at, found.name, self._arguments())
            is_local = found.kind == "local" or self._scope.is_in_filter
            return ("local" if is_local else "name", at, found.name)
        if kind == "name" and value in _CONSTANTS:
            self._take()
            return ("const", at, _CONSTANTS[value])
        if kind == "name" and value not in KEYWORDS:
            raise self._unknown(at)
        self._refuse("a value")

    def _unknown(self, at: int) -> Exception:
        count = run_of_names(self._tokens, self._next)
        name = " ".join(word_of(token) for token in self._tokens[self._next : self._next + count])
        called = self._tokens[self._next + count].value == "("
        if called:
            return fault("expression.unknown_function", at, name=name, known="of FEEL")
        return fault("expression.unknown_name", at, name=name)

    def _sign(self, sign: str, at: int) -> Tree:
        self._take()
        if sign == "(":
            return self._parenthesis(at)
        if sign == "[":
            return self._bracket(at)
        if sign == "]":
            low = self._expression()
            self._expect("..")
            return self._interval_end(at, low, False)
        if sign == "{":
            return self._context(at)
        if sign == "@" and self._peek().kind == "text":
            return ("const", at, parse_literal(self._take().value, at))
        self._next -= 1
        self._refuse("a value")

    def _parenthesis(self, at: int) -> Tree:
        if self._word() in COMPARISONS:
            return self._half_interval(at)
        tree = self._expression()
        if self._accept(".."):
            return self._interval_end(at, tree, False)
        self._expect(")")
        return tree

    def _half_interval(self, at: int) -> Tree:
        """A range with one end, as in `(>= 10)`."""
        sign = self._take().value
        end = self._expression()
        self._expect(")")
        if sign == "=":
            return ("interval", at, end, True, end, True)
        if sign in ("<", "<="):
            return ("interval", at, None, False, end, sign == "<=")
        if sign in (">", ">="):
            return ("interval", at, end, sign == ">=", None, False)
        raise fault("expression.syntax", at, wanted="a range", found="'!='")

    def _bracket(self, at: int) -> Tree:
        if self._accept("]"):
            return ("list", at, ())
        items = [self._expression()]
        if self._accept(".."):
            return self._interval_end(at, items[0], True)
        while not self._accept("]"):
            self._expect(",")
            items.append(self._expression())
        return ("list", at, tuple(items))

    def _interval_end(self, at: int, low: Tree, low_closed: bool) -> Tree:
        """The rest of a range behind its two dots; `[` closes it, so no filter may follow its end."""
        self._in_range_end = True
        high = self._sum()
        self._in_range_end = False
        closing = self._word()
        if closing not in ("]", ")", "["):
            self._refuse("']' or ')'")
        self._take()
        return ("interval", at, low, low_closed, high, closing == "]")

    def _context(self, at: int) -> Tree:
        self._deeper()
        self._scope.push()
        entries: dict[str, Tree] = {}
        while not self._accept("}"):
            if entries:
                self._expect(",")
            place = self._peek().at
            key = self._take().value if self._peek().kind == "text" else self._words_before(":")
            self._expect(":")
            if key in entries:
                raise fault("expression.duplicate_key", place, name=key)
            is_recursive = self._is_lambda()
            if is_recursive:
                self._scope.add(key)
            entries[key] = ("entry", place, key, self._expression())
            if not is_recursive:
                self._scope.add(key)
        self._scope.pop()
        self._depth -= 1
        return ("context", at, tuple(entries.values()))

    def _is_lambda(self) -> bool:
        token = self._peek()
        return token.kind == "name" and token.value == "function" and self._tokens[self._next + 1].value == "("

    def _arguments(self) -> tuple[Tree, ...]:
        """Arguments up to and with the closing parenthesis, all by place or all by name."""
        found: list[Tree] = []
        while not self._accept(")"):
            if found:
                self._expect(",")
            count = run_of_names(self._tokens, self._next)
            at = self._peek().at
            if count and self._tokens[self._next + count].value == ":":
                name = self._new_name()
                self._take()
                found.append(("arg", at, name, self._expression()))
            else:
                found.append(self._expression())
            if (found[-1][0] == "arg") is not (found[0][0] == "arg"):
                raise fault("expression.syntax", at, wanted="arguments all by name or all by place", found="both")
        return tuple(found)
