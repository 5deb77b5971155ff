"""Reason codes: why something was rejected, declined or called back, in a word of the city's list.

What people write in their own words is sealed; a code stands in clear on rows, in facts and in process variables.
"""

from __future__ import annotations

import re

from engine.errors import Rejected

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


def check_reason_code(code: str) -> str:
    """The code, if it is one. Raises: Rejected `reason.not_a_code`, which does not repeat what was written."""
    if not _CODE.fullmatch(code):
        raise Rejected(
            "reason.not_a_code",
            "Expected a reason code such as not_ours, but got other text. Free text belongs into the reply.",
        )
    return code
