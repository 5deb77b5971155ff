"""A place in a list of tokens, with what a parser asks of it."""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

from engine.bpmn.expressions.faults import DEPTH_LIMIT, fault
from engine.bpmn.expressions.tokens import Token


class Cursor:
    """Walks over `tokens`, whose last is of kind "end"; `words` are the names that are operators."""

    def __init__(self, tokens: list[Token], words: Collection[str]) -> None:
        self._tokens = tokens
        self._next = 0
        self._depth = 0
        self._words = words

    def _peek(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _word(self) -> str | None:
        """The next token if it is an operator sign or a word of the language, else None."""
        kind, value, _ = self._tokens[self._next]
        if kind == "op" or (kind == "name" and value in self._words):
            return str(value)
        return None

    def _accept(self, word: str) -> bool:
        if self._word() == word:
            self._next += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            self._refuse(f"'{word}'")

    def _refuse(self, wanted: str) -> NoReturn:
        raise fault("expression.syntax", self._peek().at, wanted=wanted, found=self._peek().shown())

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEPTH_LIMIT:
            raise fault("expression.too_deep", self._peek().at, limit=DEPTH_LIMIT)
