"""What an installation may set: environment variables `CITYLOOP_*` over a TOML file over defaults.

Secrets are not settings: keys live in the keys file (`engine.sealing`), and the only secret here, a password inside
the database's address, is masked wherever settings are shown. Nothing of ours is imported here.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, cast, get_args

PREFIX = "CITYLOOP_"
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
Synchronous = Literal["FULL", "NORMAL"]
_PASSWORD = re.compile(r"(://[^:/@]*:)[^@/]+(?=@)|(\bpassword=)[^&]*")
_SQLITE = re.compile(r"^sqlite(?:\+\w+)?:///(?P<path>.+)$")


class SettingsError(ValueError):
    """A setting that does not exist or has no meaning; its text names it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A setting that works but should not stay as it is; `serve` and `worker` refuse to start with an error."""

    setting: str
    severity: Literal["error", "warning"]
    message: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The effective settings of one process.

    Shape: `seal_file` is where the ledger's seals are repeated; by default beside an SQLite database, never None there.
    `https` says that people reach the pages through TLS: cookies are then sent over it alone. `demo` shows the guided
    first incident. `proxies` counts the proxies in front, whose word on where a request comes from is believed; `hosts`
    are the names the pages answer to, any where none is given.
    Unit: `evidence_limit` in bytes.
    """

    database_url: str = "sqlite:///cityloop.db"
    keys_file: Path = Path("cityloop.keys")
    seal_file: Path | None = None
    evidence_folder: Path | None = None
    evidence_limit: int = 20_000_000
    synchronous: Synchronous = "FULL"
    worker_batch: int = 200
    log_level: str = "INFO"
    https: bool = False
    proxies: int = 0
    hosts: tuple[str, ...] = ()
    demo: bool = False

    @property
    def sqlite_path(self) -> Path | None:
        """The file of an SQLite database, None for PostgreSQL."""
        found = _SQLITE.match(self.database_url)
        return None if found is None else Path(found["path"])

    @property
    def effective_seal_file(self) -> Path | None:
        """Where seals are repeated; None only where it has to be set and is not."""
        beside = self.sqlite_path
        if self.seal_file is not None or beside is None:
            return self.seal_file
        return beside.with_name(beside.name + ".seals")

    @property
    def effective_evidence_folder(self) -> Path:
        """Where evidence lies: the folder set, else `evidence` beside the SQLite file or the keys file."""
        beside = self.sqlite_path or self.keys_file
        return self.evidence_folder or beside.with_name("evidence")

    def masked(self) -> dict[str, str]:
        """Every setting by its environment name, with passwords left out: for people to read."""
        shown = {PREFIX + field.name.upper(): str(getattr(self, field.name)) for field in fields(self)}
        shown[PREFIX + "HOSTS"] = ",".join(self.hosts)
        shown[PREFIX + "SEAL_FILE"] = str(self.effective_seal_file)
        shown[PREFIX + "EVIDENCE_FOLDER"] = str(self.effective_evidence_folder)
        return {name: _PASSWORD.sub(r"\1\2***", value) for name, value in shown.items()}

    def findings(self) -> list[Finding]:
        """What is weak about these settings; empty when nothing is."""
        found: list[Finding] = []
        if self.effective_seal_file is None:
            found.append(Finding("seal_file", "error", "Expected a seal file with PostgreSQL, but none is set."))
        if self.synchronous != "FULL":
            found.append(
                Finding("synchronous", "warning", "Expected FULL, but NORMAL may lose answers when power fails.")
            )
        if not self.keys_file.exists():
            found.append(Finding("keys_file", "error", f"Expected keys in {self.keys_file}, but there is no file."))
        elif self.keys_file.stat().st_mode & 0o077:
            found.append(Finding("keys_file", "error", f"Expected {self.keys_file} with mode 0600, but it is wider."))
        if self.database_url.startswith("postgresql") and "sslmode=disable" in self.database_url:
            found.append(Finding("database_url", "warning", "Expected an encrypted connection, but TLS is disabled."))
        return found


def load_settings(environment: Mapping[str, str], file: Path | None = None) -> Settings:
    """The settings of `environment` over those of the TOML `file` over the defaults.

    `CITYLOOP_SETTINGS_FILE` names the file where `file` does not.
    Raises: SettingsError for an unknown name in the file, a value of another kind, or a file that does not read.
    """
    named = environment.get(PREFIX + "SETTINGS_FILE")
    source = file or (Path(named) if named else None)
    given: dict[str, str] = {} if source is None else _read(source)
    for field in fields(Settings):
        value = environment.get(PREFIX + field.name.upper())
        if value is not None:
            given[field.name] = value
    return _build(given)


def _read(file: Path) -> dict[str, str]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise SettingsError(f"Expected a TOML file at {file}, but {problem}.") from None
    unknown = document.keys() - {field.name for field in fields(Settings)}
    if unknown:
        raise SettingsError(f"Expected settings in {file}, but {sorted(unknown)[0]!r} is none.")
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in document.items()}


def _build(given: Mapping[str, str]) -> Settings:
    defaults = Settings()
    return Settings(
        database_url=given.get("database_url", defaults.database_url),
        keys_file=Path(given.get("keys_file", defaults.keys_file)),
        seal_file=_path(given.get("seal_file")),
        evidence_folder=_path(given.get("evidence_folder")),
        evidence_limit=_positive(given, "evidence_limit", defaults.evidence_limit),
        synchronous=cast(Synchronous, _choice(given, "synchronous", get_args(Synchronous), defaults.synchronous)),
        worker_batch=_positive(given, "worker_batch", defaults.worker_batch),
        log_level=_choice(given, "log_level", LOG_LEVELS, defaults.log_level),
        https=_truth(given, "https", defaults.https),
        proxies=_whole(given, "proxies", defaults.proxies),
        hosts=tuple(name for each in given.get("hosts", "").split(",") if (name := each.strip())),
        demo=_truth(given, "demo", defaults.demo),
    )


def _path(value: str | None) -> Path | None:
    return Path(value) if value else None


def _positive(given: Mapping[str, str], name: str, default: int) -> int:
    value = _whole(given, name, default)
    if value == 0:
        raise SettingsError(f"Expected a positive whole number for {name}, but it is 0.")
    return value


def _whole(given: Mapping[str, str], name: str, default: int) -> int:
    value = given.get(name, str(default))
    if not value.isascii() or not value.isdigit() or len(value) > 18:
        raise SettingsError(f"Expected a whole number for {name}, but it is {value!r}.")
    return int(value)


def _truth(given: Mapping[str, str], name: str, default: bool) -> bool:
    return _choice(given, name, ("true", "false"), str(default).lower()) == "true"


def _choice(given: Mapping[str, str], name: str, choices: tuple[str, ...], default: str) -> str:
    value = given.get(name, default)
    if value not in choices:
        raise SettingsError(f"Expected {name} to be one of {', '.join(choices)}, but it is {value!r}.")
    return value
