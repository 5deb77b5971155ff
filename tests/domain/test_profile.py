"""The shipped profile is whole; a broken one is refused with file, entry and remedy."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine import shipped
from engine.domain.access import SEPARATION
from engine.domain.event_type import CATEGORIES, event_type_named
from engine.domain.policy import STAGES
from engine.errors import NotFound, Rejected
from engine.profile import read_profile, shipped_profile

pytestmark = pytest.mark.fast

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_shipped_profile_limits_every_stage_of_every_type_and_level() -> None:
    """No clock can be opened for which the default city has no limit."""
    profile = shipped_profile()
    for stage in STAGES:
        for code in profile.event_types:
            for level in (1, 2, 3, 4, None):
                match = profile.policy(event_type=code, level=level, stage=stage)
                assert match.policy.stage == stage
                assert profile.calendar_of(match.policy).code == match.policy.calendar


@pytest.mark.parametrize(
    ("event_type", "level", "stage", "limit"),
    [
        ("10101", 1, "sign_in", (2, "minute")),
        ("10101", 3, "acceptance", (3, "minute")),
        ("20101", 4, "verification", (2, "clock_hour")),
        ("20402", 2, "handling", (24, "clock_hour")),
        ("50201", None, "sign_in", (10, "minute")),
        ("50101", None, "handling", (4, "working_hour")),
        ("60301", None, "handling", (10, "calendar_day")),
    ],
)
def test_shipped_limits_are_those_of_the_default_table(
    event_type: str, level: int | None, stage: str, limit: tuple[int, str]
) -> None:
    """Samples of `domain.md` C.3, one for each part of the table."""
    policy = shipped_profile().policy(event_type=event_type, level=level, stage=stage).policy
    assert (policy.amount, policy.unit) == limit


def test_shipped_event_types_cover_all_categories_with_a_lead() -> None:
    """All types of `domain.md` C.1 are there; each has names, and somebody leads."""
    types = shipped_profile().event_types
    assert len(types) == 33
    assert {each.category for each in types.values()} == set(CATEGORIES.values())
    assert all(each.name_zh and each.name_en and each.lead for each in types.values())
    with pytest.raises(NotFound, match=r"event_type\.unknown"):
        event_type_named(types, "99999")


def test_shipped_roles_keep_every_separation_of_duties() -> None:
    """The profile names all twenty roles and drops no separation."""
    profile = shipped_profile()
    assert set(profile.rights.separations) == set(SEPARATION)
    assert len(profile.role_names) == 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped tables, to be broken."""
    return Path(shutil.copytree(shipped.path("processes") / "tables", tmp_path / "tables"))


@pytest.mark.parametrize(
    ("file", "before", "after", "entry"),
    [
        ("calendars.toml", '"monday"', '"moonday"', "calendar office"),
        ("calendars.toml", '"12:00"', '"8"', "calendar office"),
        ("calendars.toml", '"09:00", "12:00"', '"12:00", "09:00"', "calendar office"),
        ("ladders.toml", "at = 100", "at = 90", "ladder default"),
        ("ladders.toml", '"holder"', '"mayor"', "ladder default"),
        ("event_types.toml", '"10101"', '"1x101"', "event_type 1x101"),
        ("event_types.toml", '"10201"', '"10101"', "event_type 10101"),
        ("event_types.toml", 'lead = "water"', 'leads = "water"', "event_type 10101"),
        ("policies.toml", '"1 minute", II', '"1 moment", II', "policy no. 1"),
        ("policies.toml", 'stage = "acceptance"', 'stage = "nap"', "policy no. 1"),
        ("policies.toml", ", none = ", ", V = ", "policy no. 1"),
        ("policies.toml", 'event_types = ["20402"]', 'event_types = ["5"]', "policy"),
        ("roles.toml", 'id = "admin"', 'id = "boss"', "role boss"),
        ("roles.toml", 'second = "auditor"', 'second = "verifier"', "head"),
        ("roles.toml", 'within = "holdings"', 'within = "town"', "separation no. 7"),
    ],
)
def test_profile_with_a_fault_is_refused_naming_file_entry_and_remedy(
    folder: Path, file: str, before: str, after: str, entry: str
) -> None:
    """Whoever edits a table learns which line of it is wrong and what to write."""
    broken = folder / file
    text = broken.read_text(encoding="utf-8")
    assert before in text
    broken.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(Rejected) as refusal:
        read_profile(folder)
    assert refusal.value.code == "profile.invalid"
    assert refusal.value.params["file"] == file
    assert entry in str(refusal.value.params["entry"])
    assert refusal.value.params["remedy"]
    assert file in refusal.value.message


def test_profile_without_a_table_or_with_broken_toml_is_refused(folder: Path) -> None:
    """A missing or unreadable file is named."""
    (folder / "ladders.toml").write_text("ladder = [", encoding="utf-8")
    with pytest.raises(Rejected, match=r"profile\.not_toml") as broken:
        read_profile(folder)
    assert broken.value.params["file"] == "ladders.toml"
    (folder / "ladders.toml").unlink()
    with pytest.raises(Rejected, match=r"profile\.missing"):
        read_profile(folder)


def test_profile_of_a_city_grants_and_revokes(folder: Path) -> None:
    """A city widens and narrows a role without touching code."""
    roles = folder / "roles.toml"
    text = roles.read_text(encoding="utf-8")
    widened = 'en = "Drafter"\ngrant = ["plan:section:write"]\nrevoke = ["directive:draft:write"]\n'
    roles.write_text(text.replace('en = "Drafter"\n', widened), encoding="utf-8")
    drafter = read_profile(folder).rights.permissions["drafter"]
    assert "plan:section:write" in drafter
    assert "directive:draft:write" not in drafter
