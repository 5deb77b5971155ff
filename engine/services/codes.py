"""What comes from outside into the variables of an instance: ids, codes and numbers, for variables stand in clear."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from engine.errors import Rejected

_CODE = re.compile(r"[A-Za-z0-9_.:@+/|-]{0,120}")


def require_codes(value: Any, code: str, **params: Any) -> None:
    """Refuse texts that are no codes, at any depth (D13). Raises: Rejected under the code given."""
    if isinstance(value, Mapping):
        for each in value.values():
            require_codes(each, code, **params)
    elif isinstance(value, list | tuple):
        for each in value:
            require_codes(each, code, **params)
    elif isinstance(value, str) and not _CODE.fullmatch(value):
        message = "Expected ids, codes and numbers, but there is text. Record the text, and give its id."
        raise Rejected(code, message, **params)
