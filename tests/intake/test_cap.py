"""Alerts from outside: what each file gives, what is refused and where, and what becomes of it."""

from __future__ import annotations

import socket
import tomllib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain.signal import Effect, Known, decide_signal
from engine.errors import NotFound
from engine.intake import source
from engine.intake.area import centroid, read_circle, read_polygon, to_wkt
from engine.intake.cap import MAX_BYTES, parse

pytestmark = pytest.mark.fast

HERE = Path(__file__).parent
SAMPLES = HERE / "samples" / "cap"
SHARED = HERE.parents[2] / "shared" / "data" / "cap"
EXPECTED: dict[str, Any] = tomllib.loads((HERE / "expected.toml").read_text("utf-8"))
CASES = [
    pytest.param(case, id=case["name"], marks=[pytest.mark.shared_data] if case["steps"][0].get("shared") else [])
    for case in EXPECTED["case"]
]


def content_of(step: dict[str, Any]) -> bytes:
    """The bytes of a step's file; skips the test where the shared files are not there."""
    path = (SHARED if step.get("shared") else SAMPLES) / step["file"]
    if step.get("shared") and not path.exists():
        pytest.skip("the shared files are not here")
    return path.read_bytes()


def sample(name: str) -> bytes:
    """The bytes of one of our own files."""
    return (SAMPLES / name).read_bytes()


@pytest.mark.parametrize("case", CASES)
def test_case_files_give_the_expected_findings(case):
    """Every file is refused or tolerated by exactly the rules the table names, each with its place."""
    for step in case["steps"]:
        _, findings = parse(content_of(step))
        for severity, key in (("error", "refused"), ("warning", "warned")):
            rules = [f.rule for f in findings if f.severity == severity and f.rule != "xml.note"]
            assert Counter(rules) == Counter(step.get(key, [])), step["file"]
        assert all(f.line and f.path for f in findings if not f.rule.startswith("xml."))


@pytest.mark.parametrize("case", CASES)
def test_case_signals_end_in_the_expected_state(case):
    """What the rules of signals make of the files, in their order, is what the table promises."""
    known: dict[str, Known] = {}
    states: dict[str, tuple[str, str | None]] = {}
    opened = 0
    for step in case["steps"]:
        now = datetime.fromisoformat(step.get("at", EXPECTED["at"]))
        for signal in parse(content_of(step))[0]:
            decision = decide_signal(signal, known, now)
            if decision.effect.reason == "duplicate":
                continue
            stored_as = decision.effect.reason if decision.effect.outcome == "stored" else None
            known[signal.external_id] = Known(
                signal.external_id, signal.msg_type, signal.references, signal.reported_at, stored_as
            )
            for effect in (decision.effect, *decision.released):
                states[effect.external_id] = state_after(effect)
            opened += decision.effect.outcome == "opens"
    assert opened == case["incidents"]
    assert states == {each["id"]: (each["state"], each.get("reason")) for each in case["signals"]}


def state_after(effect: Effect) -> tuple[str, str | None]:
    """The state of a signal, with its reason, that an effect leads to."""
    if effect.outcome in ("waits", "stored"):
        return ("triaged" if effect.outcome == "waits" else "rejected"), effect.reason
    return "linked", None


def test_samples_are_all_in_the_table():
    """No sample lies about unused: each file is part of a case."""
    used = {step["file"] for case in EXPECTED["case"] for step in case["steps"] if not step.get("shared")}
    assert used == {path.name for path in SAMPLES.iterdir()}


def test_shared_files_are_all_in_the_table():
    """A new shared file must get its expectation."""
    if not SHARED.exists():
        pytest.skip("the shared files are not here")
    used = {step["file"] for case in EXPECTED["case"] for step in case["steps"] if step.get("shared")}
    assert used == {path.name for path in SHARED.iterdir()}


def test_alert_ordinary_becomes_one_signal_with_every_field():
    """The normalised signal carries what triage needs: who, what, how bad, where, until when."""
    signals, findings = parse(sample("actual_alert.cap"))
    assert findings == []
    (signal,) = signals
    assert (signal.source, signal.channel, signal.kind) == ("cap", "cap", "alert")
    assert signal.external_id == "warning@meteo.example-city.cn,990100-20260701-0001"
    assert signal.reported_at == datetime(2026, 7, 1, 0, 0, tzinfo=UTC)
    assert signal.expires_at == datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
    assert (signal.category, signal.event, signal.urgency) == ("Met", "暴雨", "Immediate")
    assert (signal.severity, signal.certainty) == ("Severe", "Observed")
    assert signal.text.startswith("暴雨橙色预警信号\n")
    assert signal.address == "示例市一区"
    assert (signal.longitude, signal.latitude) == (pytest.approx(120.04), pytest.approx(30.04))
    assert signal.polygon_wkt is not None
    assert signal.polygon_wkt.startswith("POLYGON ((120.02 30.02,")


def test_alert_update_names_its_references_by_sender_and_identifier():
    """References meet the external ids of the alerts they name."""
    (signal,), _ = parse(sample("actual_update.cap"))
    assert signal.references == ("warning@meteo.example-city.cn,990100-20260701-0001",)


@pytest.mark.parametrize("name", ["gb18030.cap", "utf16.cap", "utf8_bom.cap", "cap11.cap"])
def test_alert_in_any_allowed_encoding_keeps_its_text(name):
    """An encoding may not change what a warning says."""
    (signal,), _ = parse(sample(name))
    assert "预警" in signal.text
    assert signal.event == "暴雨"


def test_alert_in_two_languages_speaks_chinese():
    """Clerks read the Chinese block where both are equally grave."""
    (signal,), _ = parse(sample("two_languages.cap"))
    assert signal.event == "暴雨"


def test_alert_circle_gives_its_centre():
    """CAP writes latitude first; a swap would send a crew to another country."""
    (signal,), _ = parse(sample("circle.cap"))
    assert (signal.longitude, signal.latitude, signal.polygon_wkt) == (120.05, 30.05, None)


def test_finding_names_path_and_line():
    """A sender must be able to find the fault in the file."""
    findings = {f.rule: f for f in parse(sample("tolerated.cap"))[1]}
    enum = findings["cap.enum"]
    assert (enum.path, enum.line) == ("alert/info[1]/severity", 15)
    (missing,) = parse(sample("missing_scope.cap"))[1]
    assert (missing.path, missing.line, missing.severity) == ("alert/scope", 2, "error")
    (inner,) = parse(sample("envelope_actual.edxlde"))[1]
    assert inner.path.startswith("EDXLDistribution/contentObject[2]/")


def test_file_over_two_megabytes_is_refused_unread():
    """A flood of bytes ends before the XML library sees it."""
    text = sample("actual_alert.cap").decode()
    content = text.replace("</description>", "雨" * (5 * 1024 * 1024 // 3) + "</description>").encode()
    assert len(content) > 5 * 1024 * 1024 - 10 > MAX_BYTES
    signals, findings = parse(content)
    assert signals == []
    assert [f.rule for f in findings] == ["xml.too_large"]


@pytest.mark.parametrize("name", ["dtd.cap", "entity_bomb.cap", "xinclude.cap"])
def test_attack_reads_no_file_and_opens_no_connection(name, monkeypatch):
    """Neither an entity nor an inclusion reaches outside the bytes that came in."""
    content = sample(name)
    monkeypatch.setattr(socket, "socket", _forbidden)
    monkeypatch.setattr("builtins.open", _forbidden)
    signals, _ = parse(content)
    assert "root:" not in repr(signals)


def _forbidden(*_: object, **__: object) -> None:
    raise AssertionError("Expected no access to files or network, but there was one.")


@given(st.binary(max_size=300), st.integers(0, 1200), st.integers(0, 200))
def test_parse_of_damaged_bytes_never_raises(noise, at, length):
    """Whatever arrives, the answer is signals and findings."""
    content = sample("actual_alert.cap")
    signals, findings = parse(content[:at] + noise + content[at + length :])
    assert signals or any(f.severity == "error" for f in findings)


def test_polygon_centroid_is_the_centre_of_its_area():
    """A point inside the area decides the grid cell, so it must not lean to where corners are dense."""
    ring = read_polygon("30,120 30,120.5 30,121 31,121 31,120 30,120")
    assert centroid(ring) == (pytest.approx(120.5), pytest.approx(30.5))
    assert centroid(read_polygon("30,120 30,121 30,122 30,120")) == (pytest.approx(121), pytest.approx(30))
    assert to_wkt([]) is None
    assert (to_wkt([ring, ring]) or "").startswith("MULTIPOLYGON (((120.0 30.0,")


@pytest.mark.parametrize("text", ["", "30,120", "30,120 5 6", "91,0 1", "0,181 1", "nan,0 1", "1e1,0 1", "३०,120 1"])
def test_circle_of_another_form_is_refused(text):
    """Only plain decimals within the globe are a place."""
    with pytest.raises(ValueError, match=r"a circle|latitude"):
        read_circle(text)


def test_source_unknown_is_refused_by_name():
    """A mistyped source is told which there are."""
    assert source("cap") is parse
    with pytest.raises(NotFound, match="cap"):
        source("fax")
