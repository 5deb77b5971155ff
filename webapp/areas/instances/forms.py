"""What operators type on the pages of running processes: variables by line, the act and what it needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from engine.errors import Rejected


def variables_of(text: str) -> dict[str, Any]:
    """The variables of lines `name=value`: JSON where the value is a number, true, false or null, else a code.

    Raises: Rejected (`care.line`) for a line without a name or a sign.
    """
    found: dict[str, Any] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, sign, value = (part.strip() for part in line.partition("="))
        if not sign or not name.isidentifier():
            raise Rejected("care.line", "Expected name=value in each line, but one is something else.", line=line[:40])
        found[name] = _value(value)
    return found


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if value is None or isinstance(value, bool | int | float) else text


def chosen_of(form: Mapping[str, str]) -> dict[str, str]:
    """Which node of the new version was chosen for which of the old one; nothing where none was."""
    return {name.removeprefix("node-"): value for name, value in form.items() if name.startswith("node-") and value}
