"""FEEL source to tokens: linear in its length, comments left out, escapes of strings undone."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from engine.bpmn.expressions.faults import fault
from engine.bpmn.expressions.feel.values import NUMBERS
from engine.bpmn.expressions.tokens import Token

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*|/\*.*?\*/)
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,5})?|\.[0-9]+(?:[eE][+-]?[0-9]{1,5})?)
    | (?P<name>(?:[^\W\d]|[?\U00010000-\U000EFFFF])(?:\w|[?\U00010000-\U000EFFFF])*)
    | (?P<text>"(?:[^"\\]|\\.)*")
    | (?P<op>\*\*|<=|>=|!=|\.\.|->|[-+*/<>=.,:()\[\]{}@'!|&;%])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{6})|(.))", re.DOTALL)
_ESCAPES: Final = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t", "r": "\r"}
_LONGEST_NUMBER: Final = 400


def tokenise(source: str) -> list[Token]:
    """The tokens of `source`, closed by one of kind "end". Raises: ExpressionError."""
    tokens: list[Token] = []
    at = 0
    while at < len(source):
        match = _TOKEN.match(source, at)
        if match is None:
            if source[at] == '"' or source.startswith("/*", at):
                raise fault("expression.unclosed", at, wanted="quotation mark" if source[at] == '"' else "*/")
            raise fault("expression.character", at, found=source[at])
        word, kind = match.group(), match.lastgroup
        if kind == "op":
            tokens.append(Token("op", word, at))
        elif kind == "name":
            if word.startswith("_"):
                raise fault("expression.private_name", at, name=word)
            tokens.append(Token("name", word, at))
        elif kind == "number":
            tokens.append(Token("number", _number(word, at), at))
        elif kind == "text":
            tokens.append(Token("text", _text(word[1:-1], at), at))
        at = match.end()
    tokens.append(Token("end", None, at))
    return tokens


def words_of(name: str) -> tuple[str, ...]:
    """A name as the words it is made of, so that it is found whatever the space between them."""
    return tuple(match.group() for match in _TOKEN.finditer(name) if match.lastgroup != "space")


def word_of(token: Token) -> str:
    """The token as a word of a name; numbers without their sign or zeros."""
    return format(token.value, "f") if token.kind == "number" else str(token.value)


def _number(word: str, at: int) -> Decimal:
    if len(word) > _LONGEST_NUMBER:
        raise fault("expression.number_too_large", at)
    value = Decimal(word)
    if value and not NUMBERS.Emin <= value.adjusted() <= NUMBERS.Emax:
        raise fault("expression.number_too_large", at)
    return NUMBERS.plus(value)


def _text(inside: str, at: int) -> str:
    """The string; an escape FEEL does not know stands for itself, as regular expressions need it."""

    def unescaped(match: re.Match[str]) -> str:
        short, long, other = match.groups()
        if other is not None:
            return _ESCAPES.get(other, match.group())
        code = int(short or long, 16)
        if code > 0x10FFFF:
            raise fault("expression.escape", at + match.start(), found=match.group())
        return chr(code)

    text = _ESCAPE.sub(unescaped, inside)
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise fault("expression.escape", at, found="\\u") from None
