"""Tokens to tree, from the loosest binding to the tightest: conditions, loops, logic, comparison, arithmetic.

The tree has the shape of `expressions.tree`: nested tuples `(kind, at, …)`, all of whose tuples are nodes:
    ("for", at, (iter…), body, partial)   ("some" | "every", at, (iter…), body)   ("iter", at, name, node, end | None)
    ("lambda", at, (param…), body)        ("param", at, name)                     ("if", at, condition, then, else)
    ("or" | "and", at, (operands…))       ("compare", at, sign, left, right)      ("between", at, value, low, high)
    ("in", at, value, (test…))            ("test", at, sign | None, node)         ("instance", at, value, type)
    ("chain", at, first, (step…))         ("step", at, sign, node)                ("minus", at, node)
and those of `primary`.
"""

from __future__ import annotations

from typing import Final

from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.feel.primary import COMPARISONS, PrimaryParser
from engine.bpmn.expressions.tree import Tree

_SUM: Final = frozenset({"+", "-"})
_PRODUCT: Final = frozenset({"*", "/"})
_POWER: Final = frozenset({"**"})


class Parser(PrimaryParser):
    """Reads one expression or one list of unary tests."""

    def parse(self) -> Tree:
        """The tree of the whole expression. Raises: ExpressionError."""
        self._refuse_empty()
        tree = self._expression()
        self._expect_end()
        return tree

    def parse_unary_tests(self) -> Tree:
        """The tree of the cell of a decision table, a condition on `?`. Raises: ExpressionError."""
        self._refuse_empty()
        at = self._peek().at
        if self._word() == "-" and self._tokens[self._next + 1].kind == "end":
            return ("const", at, True)
        self._scope.push(("?",))
        question: Tree = ("local", at, "?")
        found = self._scope.find(self._tokens, self._next)
        if found is not None and found.name == "not" and found.kind == "builtin":
            self._next += 2
            tests = self._tests()
            self._expect(")")
            tree: Tree = ("unless", at, ("in", at, question, tests))
        else:
            tree = ("in", at, question, self._tests())
        self._expect_end()
        return tree

    def _refuse_empty(self) -> None:
        if self._peek().kind == "end":
            raise fault("expression.empty", self._peek().at)

    def _expect_end(self) -> None:
        if self._peek().kind != "end":
            self._refuse("an operator or the end")

    def _expression(self) -> Tree:
        self._deeper()
        guarded, self._in_range_end = self._in_range_end, False
        word = self._word()
        if word == "if":
            tree = self._if()
        elif word == "for":
            tree = self._for()
        elif word in ("some", "every"):
            tree = self._quantified()
        elif self._is_lambda():
            tree = self._lambda()
        else:
            tree = self._disjunction()
        self._in_range_end = guarded
        self._depth -= 1
        return tree

    def _if(self) -> Tree:
        at = self._take().at
        condition = self._expression()
        self._expect("then")
        then = self._expression()
        self._expect("else")
        return ("if", at, condition, then, self._expression())

    def _for(self) -> Tree:
        at = self._take().at
        self._scope.push()
        iterations = self._iterations("return")
        self._scope.add("partial")
        start = self._next
        body = self._expression()
        self._scope.pop()
        mentions = any(token.value == "partial" for token in self._tokens[start : self._next])
        return ("for", at, iterations, body, mentions)

    def _quantified(self) -> Tree:
        token = self._take()
        self._scope.push()
        iterations = self._iterations("satisfies")
        body = self._expression()
        self._scope.pop()
        return (token.value, token.at, iterations, body)

    def _iterations(self, closing: str) -> tuple[Tree, ...]:
        """`name in list` or `name in start..end` between commas, up to and with the word `closing`."""
        found: list[Tree] = []
        while True:
            at = self._peek().at
            name = self._new_name()
            self._expect("in")
            domain = self._expression()
            end = self._expression() if self._accept("..") else None
            found.append(("iter", at, name, domain, end))
            self._scope.add(name)
            if self._accept(closing):
                return tuple(found)
            self._expect(",")

    def _lambda(self) -> Tree:
        at = self._take().at
        self._take()
        parameters: list[Tree] = []
        while not self._accept(")"):
            if parameters:
                self._expect(",")
            place = self._peek().at
            parameters.append(("param", place, self._new_name()))
            if self._accept(":"):
                self._type()
        if self._peek().value == "external":
            raise fault("expression.method", self._peek().at, method="external function")
        self._scope.push(parameter[2] for parameter in parameters)
        body = self._expression()
        self._scope.pop()
        return ("lambda", at, tuple(parameters), body)

    def _disjunction(self) -> Tree:
        at = self._peek().at
        parts = [self._conjunction()]
        while self._accept("or"):
            parts.append(self._conjunction())
        return parts[0] if len(parts) == 1 else ("or", at, tuple(parts))

    def _conjunction(self) -> Tree:
        at = self._peek().at
        parts = [self._comparison()]
        while self._accept("and"):
            parts.append(self._comparison())
        return parts[0] if len(parts) == 1 else ("and", at, tuple(parts))

    def _comparison(self) -> Tree:
        tree = self._sum()
        while True:
            at, word = self._peek().at, self._word()
            if word in COMPARISONS:
                self._take()
                tree = ("compare", at, word, tree, self._sum())
            elif self._accept("between"):
                low = self._sum()
                self._expect("and")
                tree = ("between", at, tree, low, self._sum())
            elif self._accept("in"):
                tree = ("in", at, tree, self._membership())
            else:
                return tree

    def _membership(self) -> tuple[Tree, ...]:
        """What may follow `in`: one test, or several in parentheses."""
        if self._word() != "(":
            return (self._test(whole=False),)
        self._take()
        at = self._peek().at
        first = self._test(whole=True)
        if first[2] is None and self._accept(".."):
            return (("test", at, None, self._interval_end(at, first[3], False)),)
        tests = (first, *self._tests()) if self._accept(",") else (first,)
        self._expect(")")
        return tests

    def _tests(self) -> tuple[Tree, ...]:
        tests = [self._test(whole=True)]
        while self._accept(","):
            tests.append(self._test(whole=True))
        return tuple(tests)

    def _test(self, *, whole: bool) -> Tree:
        at, word = self._peek().at, self._word()
        if word in COMPARISONS:
            self._take()
            return ("test", at, word, self._sum())
        return ("test", at, None, self._expression() if whole else self._sum())

    def _sum(self) -> Tree:
        at = self._peek().at
        first = self._product()
        steps: list[Tree] = []
        while (word := self._word()) in _SUM:
            place = self._take().at
            steps.append(("step", place, word, self._product()))
        return ("chain", at, first, tuple(steps)) if steps else first

    def _product(self) -> Tree:
        at = self._peek().at
        first = self._power()
        steps: list[Tree] = []
        while (word := self._word()) in _PRODUCT:
            place = self._take().at
            steps.append(("step", place, word, self._power()))
        return ("chain", at, first, tuple(steps)) if steps else first

    def _power(self) -> Tree:
        at = self._peek().at
        first = self._instance()
        steps: list[Tree] = []
        while (word := self._word()) in _POWER:
            place = self._take().at
            steps.append(("step", place, word, self._instance()))
        return ("chain", at, first, tuple(steps)) if steps else first

    def _instance(self) -> Tree:
        tree = self._negation()
        while self._word() == "instance":
            at = self._take().at
            if self._peek().value != "of":
                self._refuse("'of'")
            self._take()
            tree = ("instance", at, tree, self._type())
        return tree

    def _negation(self) -> Tree:
        at = self._peek().at
        if not self._accept("-"):
            return self._postfix()
        self._deeper()
        tree: Tree = ("minus", at, self._negation())
        self._depth -= 1
        return tree
