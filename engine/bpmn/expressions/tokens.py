"""Source text to tokens, for both spellings. Linear in the length of the source."""

from __future__ import annotations

import re
from math import isfinite
from typing import Any, Final, Literal, NamedTuple

from engine.bpmn.expressions.faults import INTEGER_LIMIT, fault
from engine.bpmn.net import Spelling

_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | (?P<name>[^\W\d]\w*)
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<op>&&|\|\||==|!=|<=|>=|\*\*|//|<<|>>|:=|[-+*/%<>!?:=.,()\[\]{}&|^~@])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES: Final = {"\\": "\\", "'": "'", '"': '"', "n": "\n", "t": "\t"}

_NO_EQUIVALENT: Final = {"**": "a product", "//": "floor(a / b)", "<<": "a product", ">>": "floor(a / b)"}
_REFUSED: Final[dict[str, dict[str, str]]] = {
    "plain": {
        **_NO_EQUIVALENT,
        **dict.fromkeys(("&&", "&"), "'and'"),
        **dict.fromkeys(("||", "|"), "'or'"),
        **dict.fromkeys((":=", "="), "'==' to compare"),
        **dict.fromkeys(("?", ":"), "'if … then … else …'"),
        **dict.fromkeys(("^", "~", "@", "{", "}"), "it without this sign"),
        "!": "'not'",
    },
    "juel": {
        **_NO_EQUIVALENT,
        **dict.fromkeys((":=", "="), "'==' to compare"),
        **dict.fromkeys(("^", "~", "@", "{"), "it without this sign"),
        "&": "'&&'",
        "|": "'||'",
    },
}


class Token(NamedTuple):
    """One word of the source: its kind, its value and where it starts."""

    kind: Literal["number", "text", "name", "op", "end"]
    value: Any
    at: int

    def shown(self) -> str:
        """The token as a sentence quotes it."""
        return "the end" if self.kind == "end" else f"'{self.value}'"


def tokenise(source: str, start: int, spelling: Spelling) -> tuple[list[Token], int]:
    """The tokens from `start` on, closed by one of kind "end", and the place behind them.

    In JUEL the tokens end at the brace that closes the hole, in plain spelling at the end of the source.
    """
    refused = _REFUSED[spelling]
    tokens: list[Token] = []
    at = start
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            raise _unreadable(source[at], at)
        word, kind = match.group(), match.lastgroup
        if kind == "op":
            if word == "}" and spelling == "juel":
                tokens.append(Token("end", None, at))
                return tokens, at + 1
            if word in refused:
                raise fault("expression.operator", at, found=word, remedy=refused[word])
            tokens.append(Token("op", word, at))
        elif kind == "name":
            tokens.append(Token("name", public_name(word, at), at))
        elif kind == "number":
            tokens.append(Token("number", _number(word, at), at))
        elif kind == "text":
            tokens.append(Token("text", _text(word, at), at))
        at = match.end()
    if spelling == "juel":
        raise fault("expression.unclosed", start, wanted="}")
    tokens.append(Token("end", None, at))
    return tokens, at


def public_name(name: str, at: int | None) -> str:
    """`name` itself. Raises: ExpressionError when it starts with an underscore."""
    if name.startswith("_"):
        raise fault("expression.private_name", at, name=name)
    return name


def _unreadable(character: str, at: int) -> Exception:
    if character in "'\"":
        return fault("expression.unclosed", at, wanted="quotation mark")
    return fault("expression.character", at, found=character)


def _number(word: str, at: int) -> int | float:
    if word.isdecimal():
        digits = word.lstrip("0") or "0"
        if len(digits) > len(str(INTEGER_LIMIT)) or int(digits) > INTEGER_LIMIT:
            raise fault("expression.number_too_large", at)
        return int(digits)
    value = float(word)
    if not isfinite(value):
        raise fault("expression.number_too_large", at)
    return value


def _text(word: str, at: int) -> str:
    def unescaped(match: re.Match[str]) -> str:
        found = match.group(1)
        if found not in _ESCAPES:
            raise fault("expression.escape", at + match.start(), found=found)
        return _ESCAPES[found]

    return _ESCAPE.sub(unescaped, word[1:-1])
