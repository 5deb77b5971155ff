"""What a finding says, in the language of the request: the sentence of its rule, filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask import Flask

from webapp.text import fill, language, texts

_PLACE = re.compile(r"\{(\w+)\}")


def said(finding: Mapping[str, Any]) -> str:
    """The sentence of a finding as the report gives it; the English one where its rule has none of its own."""
    sentence = texts(language()).get(f"check.{finding['rule']}")
    params = finding.get("params") or {}
    if sentence is None or not set(_PLACE.findall(sentence)) <= params.keys():
        return str(finding["message"])
    return fill(sentence, params)


def install(app: Flask) -> None:
    """Make findings readable to templates."""
    app.jinja_env.globals.update(said=said)
