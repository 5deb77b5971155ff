"""One entry of a profile table, read field by field, with errors that name file, entry, field and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.errors import Rejected


class Entry:
    """A mapping out of a profile file: typed fields, and no field left unread (`finish`)."""

    def __init__(self, file: str, name: str, values: object) -> None:
        self.file, self.name = file, name
        if not isinstance(values, Mapping):
            raise self.refused("Expected a table of fields, but it is none", "write it as [[…]] with fields below")
        self._values: Mapping[str, Any] = values
        self._read: set[str] = set()

    def refused(self, sentence: str, remedy: str, field: str | None = None) -> Rejected:
        """The error for this entry, to be raised. `sentence` is of the form "Expected …, but …"."""
        return Rejected(
            "profile.invalid",
            f"{self.file}, {self.name}: {sentence}; {remedy}.",
            file=self.file,
            entry=self.name,
            field=field,
            remedy=remedy,
        )

    def __contains__(self, field: str) -> bool:
        return field in self._values

    def _field(self, field: str, kind: type, what: str, default: Any) -> Any:
        self._read.add(field)
        value = self._values.get(field, default)
        if not isinstance(value, kind) or isinstance(value, bool):
            found = "it is missing" if value is None else f"it is {value!r}"
            raise self.refused(f"Expected {what} in {field!r}, but {found}", f"set {field}", field)
        return value

    def text(self, field: str, default: str | None = None) -> str:
        """The text of a field."""
        return str(self._field(field, str, "a text", default))

    def number(self, field: str, default: int | None = None) -> int:
        """The whole number of a field."""
        return int(self._field(field, int, "a whole number", default))

    def texts(self, field: str, default: list[str] | None = None) -> tuple[str, ...]:
        """The texts of a list."""
        values = self._field(field, list, "a list of texts", default)
        if not all(isinstance(value, str) for value in values):
            raise self.refused(f"Expected only texts in {field!r}, but there are others", "quote each value", field)
        return tuple(values)

    def pairs(self, field: str, default: list[list[str]] | None = None) -> tuple[tuple[str, str], ...]:
        """The pairs of texts of a list of lists."""
        values = self._field(field, list, "a list of pairs", default)
        if not all(isinstance(v, list) and len(v) == 2 and all(isinstance(t, str) for t in v) for v in values):
            raise self.refused(f"Expected pairs of texts in {field!r}, but there are others", 'write ["a", "b"]', field)
        return tuple((first, second) for first, second in values)

    def entries(self, field: str) -> Iterator[Entry]:
        """The entries of a list of tables; named after their code, id, type or position."""
        values = self._field(field, list, "a list of entries", None)
        for position, value in enumerate(values, start=1):
            named = value if isinstance(value, Mapping) else {}
            label = next((named[key] for key in ("code", "id", "type") if key in named), f"no. {position}")
            yield Entry(self.file, f"{field} {label}", value)

    def mapping(self, field: str) -> Mapping[str, Any]:
        """The fields of a table within the entry."""
        return dict(self._field(field, Mapping, "a table", None))

    def finish(self) -> None:
        """Refuses fields nobody has read: mostly a misspelt name.

        Raises: Rejected `profile.invalid`.
        """
        unread = sorted(set(self._values) - self._read)
        if unread:
            raise self.refused(f"Expected no other field, but there is {', '.join(unread)}", "correct or remove it")
