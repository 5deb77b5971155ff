"""Names that are declared and types, as the grammar of FEEL reads them.

("type", at, name, (parts…))          ("field", at, key, type)              a part of a context
"""

from __future__ import annotations

from typing import Final

from engine.bpmn.expressions.cursor import Cursor
from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.feel.scope import KEYWORDS, run_of_names
from engine.bpmn.expressions.feel.tokens import word_of
from engine.bpmn.expressions.tokens import Token
from engine.bpmn.expressions.tree import Tree

_SINGLE_TYPES: Final = (
    "years and months duration",
    "days and time duration",
    "date and time",
    "number",
    "string",
    "boolean",
    "date",
    "time",
    "Any",
    "Null",
    "list",
    "context",
    "range",
    "function",
)
_TYPES: Final = tuple((name, tuple(name.split())) for name in _SINGLE_TYPES)


class TypeParser(Cursor):
    """The part of the grammar that looks up no name."""

    def __init__(self, tokens: list[Token]) -> None:
        super().__init__(tokens, KEYWORDS)

    def _words_before(self, sign: str) -> str:
        """A key as it stands: words with one space between them, signs without."""
        name, last = "", "op"
        while self._word() != sign:
            token = self._peek()
            if token.kind in ("end", "text") or token.value in ("{", "}", ",", "(", ")"):
                self._refuse("a key")
            name += (" " if token.kind != "op" and last != "op" else "") + word_of(token)
            last = token.kind
            self._take()
        if not name:
            self._refuse("a key")
        return name

    def _new_name(self) -> str:
        """A name that is not looked up: of a variable, a parameter, a key."""
        count = run_of_names(self._tokens, self._next)
        if not count:
            self._refuse("a name")
        words = self._tokens[self._next : self._next + count]
        self._next += count
        return " ".join(word_of(token) for token in words)

    def _type(self) -> Tree:
        """A type behind `instance of` or a parameter."""
        self._deeper()
        at = self._peek().at
        name = next((name for name, words in _TYPES if self._stands(words)), None)
        if name is None:
            raise fault("expression.unknown_type", at, name=self._peek().shown())
        self._next += len(name.split())
        parts = self._type_parts(name) if self._word() == "<" else ()
        self._depth -= 1
        return ("type", at, name, parts)

    def _type_parts(self, name: str) -> tuple[Tree, ...]:
        self._take()
        parts: list[Tree] = []
        while not self._accept(">"):
            if parts:
                self._expect(",")
            if name == "context":
                at, key = self._peek().at, self._words_before(":")
                self._expect(":")
                parts.append(("field", at, key, self._type()))
            else:
                parts.append(self._type())
        if name == "function":
            self._expect("->")
            parts.append(self._type())
        return tuple(parts)

    def _stands(self, words: tuple[str, ...]) -> bool:
        return tuple(token.value for token in self._tokens[self._next : self._next + len(words)]) == words
