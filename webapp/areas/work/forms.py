"""The shape of a work item's form: the revision that was seen, and the files that came with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from engine.errors import Rejected
from engine.services.questions.work import ItemForm
from webapp.evidence import uploaded


def seen_revision() -> int:
    """The revision of the item that the person saw. Raises: Rejected (`work.no_revision`)."""
    given = request.form.get("revision", "")
    if not given.isascii() or not given.isdigit() or len(given) > 9:
        raise Rejected("work.no_revision", "Expected the revision of the item as you saw it, but the form has none.")
    return int(given)


def with_files(answers: Mapping[str, Any], form: ItemForm) -> dict[str, Any]:
    """The answers with the files of the form among them, by their ids. Raises: Rejected (`evidence.…`)."""
    filled = dict(answers)
    kind, subject_id = form.subject_kind, form.subject_id
    if kind is None or subject_id is None or form.schema is None:
        return filled
    for name, schema in form.schema["properties"].items():
        if schema.get("x-cl-evidence"):
            ids = [*filled.get(name, ()), *uploaded(f"f-{name}", kind=kind, subject_id=subject_id)]
            if ids:
                filled[name] = ids
    return filled
