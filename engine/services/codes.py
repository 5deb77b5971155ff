"""What comes from outside into the variables of an instance: ids, codes and numbers, for variables stand in clear."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.errors import Rejected

_CODE = re.compile(r"[A-Za-z0-9_.:@+/|-]{0,120}")


def are_codes(value: Any) -> bool:
    """Whether a value holds ids, codes and numbers only, at any depth."""
    if isinstance(value, Mapping):
        return all(map(are_codes, value.values()))
    if isinstance(value, list | tuple):
        return all(map(are_codes, value))
    return not isinstance(value, str) or _CODE.fullmatch(value) is not None


def require_codes(value: Any, code: str, **params: Any) -> None:
    """Refuse texts that are no codes, at any depth (D13). Raises: Rejected under the code given."""
    if not are_codes(value):
        message = "Expected ids, codes and numbers, but there is text. Record the text, and give its id."
        raise Rejected(code, message, **params)
