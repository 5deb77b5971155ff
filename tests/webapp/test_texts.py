"""Both languages say everything: every key exists in both, and every key that the pages ask for exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest

from engine.bpmn.stimuli import Stimulus
from engine.domain.lifecycle import TABLES
from engine.services.definitions import shipped_sources
from webapp.text import LANGUAGES, texts

pytestmark = pytest.mark.fast

ROOT = Path(__file__).parents[2]
PAGES = [*(ROOT / "webapp").rglob("*.html"), *(ROOT / "webapp").rglob("*.py")]
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_USED = re.compile(r"""\bt\(\s*["']([a-z_]+\.[a-z0-9_.]+)["']\s*[,)]""")
_RAISED = re.compile(
    r"""(?:Rejected|InvalidMove|NotAllowed|NotFound|Conflict|Unavailable)\(\s*["']([a-z_]+\.[a-z_]+)["']"""
)
_NOT_FOR_PEOPLE = (
    "bench", "calendar", "change_request", "check", "clock", "demo", "escalation", "failure", "game", "geo", "grid",
    "idempotency", "keys", "ledger", "level", "multi", "net", "org", "profile", "schema", "sealed", "serve", "settings",
    "sla", "state", "intake", "directive.unknown_loop_role", "form.unsafe", "process.broadcast", "token.nobody",
)  # fmt: skip
"""Beginnings of codes that no page and no API call of this release can lead to, or that only an installer reads."""


def test_both_languages_have_the_same_keys() -> None:
    """Nobody meets the other language."""
    assert set(texts("zh")) == set(texts("en"))


def test_places_in_a_sentence_are_the_same_in_both_languages() -> None:
    """No number or name is lost in translation."""
    places = [{key: set(re.findall(r"\{(\w+)\}", said)) for key, said in texts(each).items()} for each in LANGUAGES]
    assert places[0] == places[1]


def test_every_text_a_page_asks_for_exists() -> None:
    """A page with a hole is a defect that shows here first."""
    used = {key for file in PAGES for key in _USED.findall(file.read_text(encoding="utf-8"))}
    assert len(used) > 200
    assert sorted(used - set(texts("zh"))) == []


def test_every_refusal_people_can_meet_is_said_in_their_language() -> None:
    """A clerk in a Chinese office is not told in English what is wrong."""
    codes = {code for file in (ROOT / "engine").rglob("*.py") for code in _RAISED.findall(file.read_text("utf-8"))}
    for_people = {code for code in codes if not code.startswith(_NOT_FOR_PEOPLE)}
    assert sorted(code for code in for_people if f"error.{code}" not in texts("zh")) == []


def test_every_fact_of_the_ledger_is_said_in_both_languages() -> None:
    """The auditor reads what happened, not the name the engine has for it."""
    events = (ROOT / "engine" / "domain" / "events.py").read_text("utf-8")
    codes = set(re.findall(r'code = "([a-z_.]+)"', events))
    moved = {f"{table.subject}.moved.{action}" for table in TABLES for action in table.actions}
    said = {key.removeprefix("fact.") for key in texts("zh")}
    plain = {code for code in codes if not code.endswith((".moved", ".acted"))}
    assert sorted(plain - said) == []
    assert sorted(each for each in moved if each not in said) == []


def test_every_cause_in_a_course_is_said_in_both_languages() -> None:
    """Whoever watches a dry run or a counter-example reads why each step happened."""
    kinds = {_CAMEL.sub("_", kind.__name__).lower() for kind in get_args(Stimulus)}
    said = {key for key in texts("zh") if key.startswith("designer.js.cause_")}
    assert sorted({f"designer.js.cause_{cause}" for cause in kinds | {"moved", "path"}} - said) == []


def test_chinese_texts_are_chinese() -> None:
    """A forgotten English sentence in the Chinese texts is found."""
    english = [key for key, said in texts("zh").items() if re.search(r"[A-Za-z]{4,} [A-Za-z]+ [A-Za-z]+", said)]
    assert english == []


def test_every_field_that_comes_back_typed_has_a_name() -> None:
    """What was typed stays on the page of a refusal under the words of the form, not under a code."""
    forms = [form for source in shipped_sources() for form in source.forms.values()]
    named = {key.removeprefix("fault.field.") for key in texts("zh") if key.startswith("fault.field.")}
    assert sorted({name for form in forms for name in form["properties"]} - named) == []


def test_every_rule_of_the_check_of_a_process_is_said_in_both_languages() -> None:
    """The report on an uploaded file says what is wrong in the designer's language."""
    read = "".join(file.read_text("utf-8") for file in (ROOT / "engine" / "bpmn").rglob("*.py"))
    read += (ROOT / "engine" / "safe_xml.py").read_text("utf-8")
    rules = set(re.findall(r"""(?<!_scope)\.(?:error|add|ask|propose(?:_or_error)?)\(\s*"([a-z_.]+)\"""", read)) | set(
        re.findall(r'"(xml\.[a-z_]+)"', read)
    )
    assert len(rules) > 30
    assert sorted(rule for rule in rules if f"check.{rule}" not in texts("zh")) == []


def test_every_finding_brings_the_names_and_numbers_of_its_sentence() -> None:
    """A report never shows a hole in place of a name, in whichever language it is read."""
    holes = []
    for file in (ROOT / "engine" / "bpmn").rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.args):
                continue
            if call.func.attr not in ("add", "error", "ask", "propose") or not isinstance(call.args[0], ast.Constant):
                continue
            wanted = set(re.findall(r"\{(\w+)\}", texts("en").get(f"check.{call.args[0].value}", "")))
            given = {each.arg for each in call.keywords}
            if None not in given and not wanted <= given:
                holes.append(f"{file.name}:{call.lineno} {sorted(wanted - given)}")
    assert holes == []
