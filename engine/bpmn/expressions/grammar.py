"""Tokens to tree: one recursive-descent grammar with the differences of two spellings.

Names are ordinary words: `continue`, `class` or `类型` are legal. What looks like a method call is either one of the
listed methods of the JUEL spelling, which stand for pure functions, or refused by name.
"""

from __future__ import annotations

from typing import Final

from engine.bpmn.expressions import juel
from engine.bpmn.expressions.cursor import Cursor
from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.functions import FUNCTIONS
from engine.bpmn.expressions.tokens import Token
from engine.bpmn.expressions.tree import Tree
from engine.bpmn.net import Spelling

_WORDS: Final = {
    "plain": frozenset({"and", "or", "not", "in", "if", "then", "else"}),
    "juel": frozenset({"and", "or", "not", "eq", "ne", "lt", "gt", "le", "ge", "div", "mod", "empty"}),
}
_CONSTANTS: Final = {
    "plain": {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None},
    "juel": {"true": True, "false": False, "null": None},
}
_OR: Final = {"plain": frozenset({"or"}), "juel": frozenset({"or", "||"})}
_AND: Final = {"plain": frozenset({"and"}), "juel": frozenset({"and", "&&"})}
_EQUALITY: Final = {"==": "equal", "!=": "unequal", "eq": "equal", "ne": "unequal"}
_ORDER: Final = {"<": "<", "<=": "<=", ">": ">", ">=": ">=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_SUM: Final = frozenset({"+", "-"})
_PRODUCT: Final = {
    "plain": {"*": "*", "/": "/", "%": "%"},
    "juel": {"*": "*", "/": "/", "div": "/", "%": "rem", "mod": "rem"},
}


class Parser(Cursor):
    """Reads one expression from its tokens; the methods go from the loosest binding to the tightest."""

    def __init__(self, tokens: list[Token], spelling: Spelling) -> None:
        super().__init__(tokens, _WORDS[spelling])
        self._juel = spelling == "juel"
        self._constants = _CONSTANTS[spelling]
        self._or, self._and, self._product = _OR[spelling], _AND[spelling], _PRODUCT[spelling]

    def parse(self) -> Tree:
        """The tree of the whole expression. Raises: ExpressionError."""
        if self._peek().kind == "end":
            raise fault("expression.empty", self._peek().at)
        tree = self._expression()
        if self._peek().kind != "end":
            self._refuse("an operator or the end")
        return tree

    def _expression(self) -> Tree:
        self._deeper()
        at = self._peek().at
        if self._accept("if"):
            condition = self._expression()
            self._expect("then")
            then = self._expression()
            self._expect("else")
            tree: Tree = ("if", at, condition, then, self._expression())
        else:
            tree = self._disjunction()
            if self._accept("?"):
                then = self._expression()
                self._expect(":")
                tree = ("if", at, tree, then, self._expression())
        self._depth -= 1
        return tree

    def _disjunction(self) -> Tree:
        at = self._peek().at
        parts = [self._conjunction()]
        while self._word() in self._or:
            self._take()
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else ("or", at, tuple(parts))

    def _conjunction(self) -> Tree:
        at = self._peek().at
        operand = self._equality if self._juel else self._negation
        parts = [operand()]
        while self._word() in self._and:
            self._take()
            parts.append(operand())
        return parts[0] if len(parts) == 1 else ("and", at, tuple(parts))

    def _negation(self) -> Tree:
        """Plain `not`, which binds looser than a comparison."""
        at = self._peek().at
        if not self._accept("not"):
            return self._comparison()
        self._deeper()
        tree = ("not", at, self._negation())
        self._depth -= 1
        return tree

    def _comparison(self) -> Tree:
        """One plain comparison; a chain would be read in two ways and is refused."""
        left = self._sum()
        tree = self._compared(left)
        if tree is left:
            return left
        if self._word() in _EQUALITY or self._word() in _ORDER or self._word() in ("in", "not"):
            raise fault("expression.chained", self._peek().at)
        return tree

    def _compared(self, left: Tree) -> Tree:
        word, at = self._word(), self._peek().at
        if word in _EQUALITY:
            self._take()
            return (_EQUALITY[word], at, left, self._sum())
        if word in _ORDER:
            self._take()
            return ("order", at, _ORDER[word], left, self._sum())
        if word == "in":
            self._take()
            return ("in", at, left, self._sum())
        if word == "not":
            self._take()
            self._expect("in")
            return ("not", at, ("in", at, left, self._sum()))
        return left

    def _equality(self) -> Tree:
        tree = self._relation()
        while (word := self._word()) in _EQUALITY:
            at = self._take().at
            tree = (_EQUALITY[word], at, tree, self._relation())
        return tree

    def _relation(self) -> Tree:
        tree = self._sum()
        if (word := self._word()) in _ORDER:
            at = self._take().at
            tree = ("order", at, _ORDER[word], tree, self._sum())
            if self._word() in _ORDER:
                raise fault("expression.chained", self._peek().at)
        return tree

    def _sum(self) -> Tree:
        tree = self._term()
        while (word := self._word()) in _SUM:
            at = self._take().at
            tree = ("arith", at, word, tree, self._term())
        return tree

    def _term(self) -> Tree:
        tree = self._unary()
        while (word := self._word()) in self._product:
            at = self._take().at
            tree = ("arith", at, self._product[word], tree, self._unary())
        return tree

    def _unary(self) -> Tree:
        at, word = self._peek().at, self._word()
        if word != "-" and not (self._juel and word in ("!", "not", "empty")):
            return self._postfix()
        self._take()
        self._deeper()
        operand = self._unary()
        self._depth -= 1
        if word == "-":
            return ("minus", at, operand)
        return juel.is_empty(at, operand) if word == "empty" else juel.negated(at, operand)

    def _postfix(self) -> Tree:
        tree = self._primary()
        while True:
            at = self._peek().at
            if self._accept("."):
                tree = self._member(tree, at)
            elif self._accept("["):
                tree = ("index", at, tree, self._expression())
                self._expect("]")
            else:
                return tree

    def _member(self, target: Tree, at: int) -> Tree:
        token = self._take()
        if token.kind != "name":
            self._next -= 1
            self._refuse("the name of a field")
        if not self._accept("("):
            return ("field", at, target, token.value)
        arguments = self._until(")")
        if not self._juel:
            raise fault("expression.method", token.at, method=f".{token.value}()")
        return juel.method(token.at, target, token.value, arguments)

    def _primary(self) -> Tree:
        kind, value, at = token = self._take()
        if kind in ("number", "text"):
            return ("const", at, value)
        if kind == "name" and value not in self._words:
            if value in self._constants:
                return ("const", at, self._constants[value])
            return self._named(token)
        if value == "(":
            tree = self._expression()
            self._expect(")")
            return tree
        if value == "[":
            return ("list", at, self._until("]"))
        self._next -= 1
        self._refuse("a value")

    def _named(self, token: Token) -> Tree:
        """A name, or the call of a listed function."""
        name, at = str(token.value), token.at
        if name in juel.PREFIXES and self._is_prefix(token):
            return self._prefixed(name, at)
        if not self._accept("("):
            return ("name", at, name)
        arguments = self._until(")")
        name = juel.MOMENTS.get(name, name) if self._juel and not arguments else name
        function = FUNCTIONS.get(name)
        if function is None:
            raise fault("expression.unknown_function", at, name=name, known=", ".join(sorted(FUNCTIONS)))
        function.refuse_count(name, len(arguments), at)
        return ("call", at, name, arguments)

    def _is_prefix(self, token: Token) -> bool:
        """Whether `token` is joined by a colon, without space, to a name: a prefix, not the middle of a ternary."""
        colon = self._peek()
        if not self._juel or colon.value != ":" or colon.at != token.at + len(str(token.value)):
            return False
        name = self._tokens[self._next + 1]
        return name.kind == "name" and name.at == colon.at + 1

    def _prefixed(self, prefix: str, at: int) -> Tree:
        """The call of a function with a prefix, as in `var:equals(x, 5)`."""
        self._take()
        name = self._take().value
        self._expect("(")
        return juel.prefixed(at, f"{prefix}:{name}", self._until(")"))

    def _until(self, closing: str) -> tuple[Tree, ...]:
        """Expressions between commas up to and with `closing`."""
        items: list[Tree] = []
        if self._accept(closing):
            return ()
        while True:
            items.append(self._expression())
            if self._accept(closing):
                return tuple(items)
            self._expect(",")
