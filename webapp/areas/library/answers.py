"""The questions of a version as a form, and what was filled in back as answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.bpmn.answers import DEFAULT_WAY
from engine.services.drafts import WITHDRAWN
from webapp.findings import said
from webapp.text import t, t_or


@dataclass(frozen=True, slots=True)
class Way:
    """A way out of a gateway, with the condition that was given for it."""

    id: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question: its sentence, whether a proposal can be taken, and which value it takes in its place.

    `how` is what was chosen: proposal, own or nothing yet; `wants` the kind of value, None where only the proposal is
    taken; `error` why the answer given last did not do.
    """

    key: str
    place: int
    element: str
    rule: str
    sentence: str
    has_proposal: bool
    wants: str | None
    label: str
    ways: tuple[Way, ...]
    how: str
    value: str
    error: str | None = None


def questions_of(
    asked: Iterable[Mapping[str, Any]], answers: Mapping[str, Any], errors: Mapping[str, str]
) -> list[Question]:
    """The questions of a report with the answers that were given, in the order they are asked."""
    return [_question(place, each, answers, errors) for place, each in enumerate(asked)]


def _question(place: int, asked: Mapping[str, Any], answers: Mapping[str, Any], errors: Mapping[str, str]) -> Question:
    key, wants = asked["key"], asked.get("wants") or {}
    kind = wants.get("kind")
    given = answers.get(key, WITHDRAWN)
    how = "" if given == WITHDRAWN else "proposal" if given is None else "own"
    by_way = given if isinstance(given, Mapping) else {}
    return Question(
        key,
        place,
        asked["element"] or "",
        asked["rule"],
        said(asked),
        asked.get("proposal") is not None,
        kind,
        t_or(f"library.wants_{kind}", ""),
        tuple(Way(way["id"], way["label"] or way["id"], by_way.get(way["id"], "")) for way in wants.get("ways", ())),
        how,
        given if isinstance(given, str) and how == "own" else "",
        errors.get(key),
    )


def answers_from(questions: Iterable[Question], form: Mapping[str, str]) -> dict[str, Any]:
    """What a form says about each question that it holds; a question left open is withdrawn."""
    found: dict[str, Any] = {}
    for question in questions:
        how = form.get(f"how-{question.place}")
        if form.get(f"key-{question.place}") != question.key or how is None:
            continue
        if how == "own":
            found[question.key] = _own(question, form)
        elif how == "proposal":
            found[question.key] = None
        elif question.how:
            found[question.key] = WITHDRAWN
    return found


def _own(question: Question, form: Mapping[str, str]) -> Any:
    if question.wants != "conditions":
        return form.get(f"own-{question.place}", "").strip()
    typed = {way.id: form.get(f"own-{question.place}-{way.id}", "").strip() for way in question.ways}
    return {id: DEFAULT_WAY if text == t("library.default_way") else text for id, text in typed.items() if text}
