"""The table of types and levels as decisions: what it suggested before it still does, and a fault in it is named."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import shipped
from engine.domain.event_type import suggest
from engine.domain.signal import Signal
from engine.errors import Rejected
from engine.profile import shipped_profile
from engine.services.suggesting import FILE, read_suggestions, shipped_suggestions

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
ROWS = Path(__file__).parent / "type_level.tsv"


def test_every_word_category_and_severity_suggests_what_it_did_before() -> None:
    """Each word of the table that was TOML, alone, with another, and with each category and severity."""
    table = shipped_suggestions()
    with ROWS.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            said = {name: row[name] or None for name in ("event", "category", "severity")}
            found = suggest(Signal("s", "1", "cap", "alert", NOW, text=row["text"], **said), table)
            expected = (row["type"], int(row["level"]) if row["level"] else None, row["confidence"])
            assert (found.event_type, found.level, found.confidence) == expected, row
            assert found.why == (row["why_type"], row["why_level"]), row


@pytest.mark.parametrize(
    ("event", "text", "category", "severity", "expected"),
    [
        ("Flash Flood Watch", "", "Met", "Severe", ("10101", 2, "high")),
        ("Earthquake", "", "Geo", "Minor", ("10301", 4, "high")),
        ("Grassfire", "", "Fire", "Unknown", ("10701", 4, "high")),
        ("Child Abduction", "", "Rescue", "Severe", ("40201", None, "high")),
        (None, "人民路地下车库被淹，暴雨内涝，多人被困", None, None, ("10101", 3, "medium")),
        (None, "气象台发布台风红色预警", None, None, ("10201", 1, "medium")),
        (None, "小区门口井盖丢失", None, None, ("50201", None, "medium")),
        (None, "Smell of gas in the stairwell", None, None, ("20401", 4, "medium")),
        ("Other", "nothing known", "Health", None, ("30101", 4, "low")),
        (None, "hm", None, None, ("60201", None, "low")),
    ],
)
def test_suggestion_from_words_category_and_severity(
    event: str | None,
    text: str,
    category: str | None,
    severity: str | None,
    expected: tuple[str, int | None, str],
) -> None:
    """Event words outweigh text, text outweighs the CAP category; ungraded types get no level."""
    signal = Signal("s", "1", "cap", "alert", NOW, event=event, text=text, category=category, severity=severity)
    found = suggest(signal, shipped_suggestions())
    assert (found.event_type, found.level, found.confidence) == expected
    assert len(found.why) == 2


@pytest.mark.parametrize(
    ("before", "after", "entry"),
    [
        ('<text>"10101"</text>', '<text>"99999"</text>', "type_10101"),
        ('"flood": 5', '"Flood": 5', "type_10101"),
        ('contains(?, "red alert")', 'contains(?, "Red alert")', "words_1"),
        ("<text>1</text>", "<text>9</text>", "words_1"),
        ('id="default_type"', 'id="default"', "default_type"),
        ("weigh(said, {", "weigh(said, {{", ""),
    ],
)
def test_table_with_a_fault_is_refused_naming_the_entry(before: str, after: str, entry: str) -> None:
    """Whoever edits the table learns which entry of it is wrong."""
    text = (shipped.path("processes") / "tables" / FILE).read_text("utf-8")
    assert before in text
    with pytest.raises(Rejected) as refusal:
        read_suggestions(text.replace(before, after, 1).encode(), shipped_profile().event_types)
    assert (refusal.value.code, refusal.value.params["file"]) == ("profile.invalid", FILE)
    assert entry in refusal.value.params["entry"]
