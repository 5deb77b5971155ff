"""Every sentence of the pages, in Chinese and English: `translations/<language>/<area>.toml`, keys `area.key`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import Flask, g, request

LANGUAGES = ("zh", "en")
COOKIE = "cityloop-language"
_FOLDER = Path(__file__).parent / "translations"
_PLACE = re.compile(r"\{(\w+)\}")


@cache
def texts(language: str) -> Mapping[str, str]:
    """All texts of a language by key."""
    found: dict[str, str] = {}
    for file in sorted((_FOLDER / language).glob("*.toml")):
        found.update(_flat(file.stem, tomllib.loads(file.read_text(encoding="utf-8"))))
    return found


def _flat(prefix: str, tree: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, str):
            yield f"{prefix}.{key}", value
        else:
            yield from _flat(f"{prefix}.{key}", value)


def language() -> str:
    """The language of this request: chosen, else what the browser asks for, else Chinese."""
    if "language" not in g:
        chosen = request.cookies.get(COOKIE)
        g.language = chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or "zh"
    return str(g.language)


def t(key: str, /, **params: object) -> str:
    """The text of a key in the language of the request, its `{places}` filled in.

    Raises: KeyError for a key that is none: a page with a hole is a defect.
    """
    return fill(texts(language())[key], params)


def t_or(key: str, default: str, /, **params: object) -> str:
    """The text of a key, or `default` where the key is not among the texts: for keys that come from data."""
    return fill(texts(language()).get(key, default), params)


def fill(sentence: str, params: Mapping[str, object]) -> str:
    """The sentence with its `{places}` replaced; never by formatting, which could reach into objects."""
    return _PLACE.sub(lambda place: str(params.get(place[1], place[0])), sentence)


def named(zh: str | None, en: str | None) -> str:
    """The one of two names that fits the language."""
    return (zh if language() == "zh" else en) or zh or en or ""


def install(app: Flask) -> None:
    """Make the texts known to templates."""
    app.jinja_env.globals.update(t=t, t_or=t_or, named=named, language=language)
