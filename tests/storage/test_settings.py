"""Settings: where they come from, what is refused, and what is shown."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from engine.sealing import make_keys
from engine.settings import Settings, SettingsError, load_settings

pytestmark = pytest.mark.fast


def test_settings_come_from_the_environment_over_the_file_over_defaults(tmp_path: Path) -> None:
    """An operator can always tell which value holds."""
    file = tmp_path / "cityloop.toml"
    file.write_text('database_url = "sqlite:///a.db"\nworker_batch = 50\n')
    found = load_settings({"CITYLOOP_DATABASE_URL": "sqlite:///b.db", "CITYLOOP_SETTINGS_FILE": str(file)})
    assert (found.database_url, found.worker_batch, found.log_level) == ("sqlite:///b.db", 50, "INFO")


def test_settings_of_a_process_do_not_change() -> None:
    """What `doctor` showed is what runs."""
    with pytest.raises(FrozenInstanceError):
        Settings().worker_batch = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CITYLOOP_WORKER_BATCH", "0"),
        ("CITYLOOP_WORKER_BATCH", "many"),
        ("CITYLOOP_SYNCHRONOUS", "OFF"),
        ("CITYLOOP_LOG_LEVEL", "LOUD"),
        ("CITYLOOP_SETTINGS_FILE", "/no/such/file.toml"),
    ],
)
def test_settings_without_a_meaning_are_refused_by_name(name: str, value: str) -> None:
    """A slip is found at the start and not in the night."""
    with pytest.raises(SettingsError):
        load_settings({name: value})


def test_settings_file_with_an_unknown_name_is_refused(tmp_path: Path) -> None:
    """A misspelt setting must not silently keep its default."""
    file = tmp_path / "cityloop.toml"
    file.write_text('databse_url = "sqlite:///a.db"\n')
    with pytest.raises(SettingsError, match="databse_url"):
        load_settings({}, file)


@pytest.mark.parametrize(
    "url", ["postgresql://city:s3cret@db/city", "postgresql://db/city?user=city&password=s3cret&sslmode=require"]
)
def test_settings_are_shown_without_passwords(url: str) -> None:
    """What `doctor` prints may be pasted into a ticket."""
    shown = Settings(database_url=url).masked()
    assert "s3cret" not in str(shown)
    assert "city" in shown["CITYLOOP_DATABASE_URL"]
    assert set(shown) >= {"CITYLOOP_KEYS_FILE", "CITYLOOP_SEAL_FILE", "CITYLOOP_SYNCHRONOUS"}


def test_seal_file_lies_beside_sqlite_and_must_be_set_for_postgresql() -> None:
    """The seals are kept outside the database on both."""
    assert Settings(database_url="sqlite:////srv/city.db").effective_seal_file == Path("/srv/city.db.seals")
    weak = Settings(database_url="postgresql://db/city").findings()
    assert ("seal_file", "error") in [(finding.setting, finding.severity) for finding in weak]


def test_findings_name_missing_and_wide_keys_and_a_lax_database(tmp_path: Path) -> None:
    """A production start refuses what only a demonstration may do."""
    keys = tmp_path / "keys.json"
    weak = Settings(keys_file=keys, synchronous="NORMAL").findings()
    assert {finding.setting for finding in weak} == {"keys_file", "synchronous"}
    make_keys(keys)
    assert Settings(keys_file=keys).findings() == []
    keys.chmod(0o644)
    assert [finding.setting for finding in Settings(keys_file=keys).findings()] == ["keys_file"]


def test_hosts_and_proxies_are_none_unless_given() -> None:
    """Nobody's word on where a request comes from is believed by default; names are read from a list with commas."""
    assert (load_settings({}).proxies, load_settings({}).hosts) == (0, ())
    given = load_settings({"CITYLOOP_PROXIES": "2", "CITYLOOP_HOSTS": "loop.example, .city.example,"})
    assert (given.proxies, given.hosts) == (2, ("loop.example", ".city.example"))
    with pytest.raises(SettingsError, match="proxies"):
        load_settings({"CITYLOOP_PROXIES": "-1"})
