"""Named refusals of the engine.

Everything a caller can act on is an `EngineError` with a stable code, parameters and, where one exists, the
element or subject it is about. A bug is not an `EngineError`. The sentence a person reads comes from a translation
keyed by the code; the docstring of the class, or `message`, is the English default, in the grammar
"Expected …, but …". Nothing of ours is imported here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class EngineError(Exception):
    """The request could not be carried out."""

    code = "engine.error"

    def __init__(
        self,
        code: str | None = None,
        message: str | None = None,
        *,
        element: str | None = None,
        **params: Any,
    ) -> None:
        self.code = code or type(self).code
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.element = element
        self.params: Mapping[str, Any] = params
        super().__init__(self.code, self.message)

    def __str__(self) -> str:
        where = f" [{self.element}]" if self.element else ""
        return f"{self.code}{where}: {self.message}"


class NotFound(EngineError):
    """Expected an existing object that you may see, but there is none."""

    code = "engine.not_found"


class NotAllowed(EngineError):
    """Expected a person with the permission, but yours does not reach this object."""

    code = "engine.not_allowed"


class InvalidMove(EngineError):
    """Expected a state from which this move leads on, but the object is in another."""

    code = "engine.invalid_move"


class Conflict(EngineError):
    """Expected the revision you saw, but somebody was faster."""

    code = "engine.conflict"


class Rejected(EngineError):
    """Expected valid input, but at least one field or element is not."""

    code = "engine.rejected"

    def __init__(
        self,
        code: str | None = None,
        message: str | None = None,
        *,
        element: str | None = None,
        findings: tuple[Any, ...] = (),
        **params: Any,
    ) -> None:
        super().__init__(code, message, element=element, **params)
        self.findings = findings


class Unavailable(EngineError):
    """Expected a part that answers, but it does not at the moment."""

    code = "engine.unavailable"
