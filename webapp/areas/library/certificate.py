"""The certificate of a version as people read it: each rule with its verdict, and the course that breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.services.questions.library import VersionPage
from webapp import names
from webapp.findings import said
from webapp.text import language, t, t_or, texts

LEFT_OPEN = "proof.cl_12_open"
"""The finding of the proof on what the check left open, which stands in the report itself."""


@dataclass(frozen=True, slots=True)
class Example:
    """A counter-example: its place among those of the certificate, how it ends, and its steps as sentences."""

    place: int
    ending: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it states, its verdict, what was found against it, and the courses that show it."""

    id: str
    statement: str
    verdict: str
    found: tuple[str, ...]
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is proved of a version, as which kind, and how much of it was looked at; `elsewhere` are rules of loops."""

    proved: bool
    kind: str
    rules: tuple[Rule, ...]
    markings: int
    complete: bool
    elsewhere: tuple[str, ...] = ()


def certificate_of(found: VersionPage) -> Certificate:
    """The certificate of a version; one without rules for what was never proved."""
    stored = found.draft.certificate
    sentences: dict[str, list[str]] = {}
    for finding in stored.get("findings", ()):
        told = t("library.still_open") if finding["rule"] == LEFT_OPEN else told_of(found, finding)
        sentences.setdefault(_rule_of(finding["rule"]), []).append(told)
    examples: dict[str, list[Example]] = {}
    for place, example in enumerate(stored.get("counter_examples", ())):
        steps = tuple(_step(found, frame) for frame in example["frames"])
        examples.setdefault(example["rule"], []).append(Example(place, _ending(found, example), steps))
    rules = [
        Rule(
            each["rule"],
            t_or(f"library.rule_{each['rule'].lower().replace('-', '_')}", each["rule"]),
            each["verdict"],
            tuple(dict.fromkeys(sentences.get(each["rule"], ()))),
            tuple(examples.get(each["rule"], ())),
        )
        for each in stored.get("rules", ())
        if each["verdict"] != "not_applicable"
    ]
    elsewhere = tuple(each["rule"] for each in stored.get("rules", ()) if each["verdict"] == "not_applicable")
    markings, complete = stored.get("markings", 0), stored.get("complete", True)
    return Certificate(bool(stored.get("proved")), found.row.kind, tuple(rules), markings, complete, elsewhere)


def _rule_of(code: str) -> str:
    """The rule that a finding of the proof is about: `proof.cl_06_call` is about CL-06."""
    parts = code.removeprefix("proof.").split("_")
    return "-".join(parts[:2]).upper()


def told_of(found: VersionPage, finding: Mapping[str, Any]) -> str:
    """The sentence of a finding, its element called as the texts of the process call it."""
    params, element = dict(finding.get("params") or {}), finding.get("element")
    drawn = {node.id: node.name for node in found.net.nodes} if found.net is not None else {}
    if element and params.get("name") == drawn.get(element):
        params["name"] = names.node(found.row.process_id, element, str(params["name"]))
    return said({**finding, "params": params})


def _ending(found: VersionPage, example: Mapping[str, Any]) -> str:
    """What is wrong at the end of the course: the finding it belongs to."""
    for finding in found.draft.certificate.get("findings", ()):
        if finding["rule"] == example["ending"] and finding["element"] == example["element"]:
            return told_of(found, finding)
    return t_or(f"check.{example['ending']}", example["ending"])


def _step(found: VersionPage, frame: Mapping[str, Any]) -> str:
    element = frame.get("element")
    node = next((each for each in found.net.nodes if each.id == element), None) if found.net is not None else None
    name = names.node(found.row.process_id, element or "", node.name if node is not None else "")
    answers = t("list.comma").join(f"{key} = {value}" for key, value in frame.get("answers", {}).items())
    told = t_or(f"designer.js.cause_{frame['cause']}", frame["cause"], name=name)
    return f"{told} ({answers})" if answers else told


def frames_of(found: VersionPage, example: Mapping[str, Any]) -> dict[str, Any]:
    """A counter-example as the player plays it.

    Shape: `frames` as `engine.bpmn.frames` tells them; `steps` the same in short, `element` and `what` happened there.
    """
    frames = example["frames"]
    return {
        "frames": frames,
        "steps": [{"element": frame.get("element"), "what": frame["cause"]} for frame in frames],
        "outcome": "failed",
        "said": _ending(found, example),
        "rule": example["rule"],
    }


def player_words() -> dict[str, str]:
    """The texts of the player, which plays a counter-example here in place of a dry run."""
    said_by_key = texts(language())
    words = {
        key.removeprefix("designer.js."): each for key, each in said_by_key.items() if key.startswith("designer.js.")
    }
    return {**words, "run": said_by_key["library.play"], "player": said_by_key["library.player"]}
