"""Which names stand where: FEEL's names may hold spaces and signs, so only who knows them can read them.

The longest known name wins. Inside a filter the keys of the element are names too, and nobody knows them before there
is one; there, and where the caller cannot say which names exist, words in a row are one name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple

from engine.bpmn.expressions.feel.tokens import word_of, words_of
from engine.bpmn.expressions.tokens import Token

KEYWORDS = frozenset(
    {"and", "or", "between", "in", "if", "then", "else", "for", "return", "some", "every", "satisfies", "instance"}
)

NameKind = Literal["name", "local", "builtin"]


class Found(NamedTuple):
    """A name in the source: how many tokens it is long, what it is called, what it stands for."""

    length: int
    name: str
    kind: NameKind


class _Level:
    """The names of one level, by their first word."""

    def __init__(self, names: Iterable[str], kind: NameKind) -> None:
        self.kind: NameKind = kind
        self.names: dict[str, list[tuple[tuple[str, ...], str]]] = {}
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        words = words_of(name)
        if words:
            self.names.setdefault(words[0], []).append((words, name))


class Scope:
    """The levels of names around a place in the source, the innermost last."""

    def __init__(self, known: Collection[str] | None, builtins: _Level, *, is_open: bool = False) -> None:
        self._levels = [builtins, _Level(known or (), "name")]
        self._is_open = is_open or known is None
        self._filters = 0

    @property
    def is_open(self) -> bool:
        """Whether a name nobody declared may still exist."""
        return self._is_open or self._filters > 0

    @property
    def is_in_filter(self) -> bool:
        """Whether the keys of an element come before all other names."""
        return self._filters > 0

    def push(self, names: Iterable[str] = ()) -> None:
        """Opens a level."""
        self._levels.append(_Level(names, "local"))

    def pop(self) -> None:
        """Closes the innermost level."""
        self._levels.pop()

    def add(self, name: str) -> None:
        """Declares a name on the innermost level."""
        self._levels[-1].add(name)

    def enter_filter(self) -> None:
        """Opens the level of an element."""
        self.push(("item",))
        self._filters += 1

    def leave_filter(self) -> None:
        """Closes the level of an element."""
        self.pop()
        self._filters -= 1

    def find(self, tokens: Sequence[Token], at: int) -> Found | None:
        """The longest known name that starts at token `at`; of two, the one declared further in."""
        best: Found | None = None
        first = word_of(tokens[at])
        for level in reversed(self._levels):
            for words, name in level.names.get(first, ()):
                if (best is None or len(words) > best.length) and self._stands(level, words, tokens, at):
                    best = Found(len(words), name, level.kind)
        run = run_of_names(tokens, at)
        # Variables hold no functions: what is called is declared, or a key of an element, or does not exist.
        may_be = self._filters > 0 or (self.is_open and tokens[at + run].value != "(")
        if may_be and run > (0 if best is None else best.length):
            name = " ".join(word_of(token) for token in tokens[at : at + run])
            return Found(run, name, "local" if self._filters else "name")
        return best

    @staticmethod
    def _stands(level: _Level, words: tuple[str, ...], tokens: Sequence[Token], at: int) -> bool:
        """Whether the words stand at `at`; the name of a function counts only where it is called."""
        end = at + len(words)
        if end >= len(tokens) or any(
            token.kind in ("text", "end") or word_of(token) != word
            for token, word in zip(tokens[at:end], words, strict=True)
        ):
            return False
        return level.kind != "builtin" or tokens[end].value == "("


def run_of_names(tokens: Sequence[Token], at: int) -> int:
    """How many words in a row from `at` on are no keywords; numbers may follow the first."""
    end = at
    while (tokens[end].kind == "name" and tokens[end].value not in KEYWORDS) or (
        end > at and tokens[end].kind == "number"
    ):
        end += 1
    return end - at


def builtin_level(names: Iterable[str]) -> _Level:
    """The outermost level: the functions of the language."""
    return _Level(names, "builtin")
