"""`cityloop demo`: a new installation in a folder, the demo city in it, one day played, and what became of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from engine.clock import Clock, SystemClock, stopwatch
from engine.demo import counts
from engine.demo.city import ZONE, build_city
from engine.demo.day import ENDS_AT, build_day, build_desks
from engine.demo.founding import found_city
from engine.demo.history import history_days
from engine.demo.pace import quicken
from engine.demo.people import DemoAccount, open_accounts
from engine.demo.play import Player
from engine.domain.access import SYSTEM_ACTOR
from engine.domain.level import ROMAN
from engine.errors import Conflict
from engine.services.engine import Engine
from engine.services.installation import open_engine, prepare
from engine.settings import Settings, load_settings
from engine.testing import ManualClock

DATABASE = "cityloop.db"
SETTINGS = "demo.toml"
"""Settings of the demo's installation; at the same time the sign that the folder is a demo's and may be replaced."""

_PREPARED_BEFORE = timedelta(hours=1)
_ORGANISATION_KEPT = timedelta(days=100)
_TEMPLATE = """# Written by `cityloop demo`, which replaces the database beside this file at its next run.
database_url = {database}
keys_file = {keys}
demo = true
"""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a played day came to: the numbers of `--json`, and what people like to know besides.

    Shape: `levels` counts incidents by level 1 to 4, None without one; `open_nodes` counts open work items by node.
    Unit: `took_s` in seconds.
    """

    counts: dict[str, int]
    day: date
    types: int
    levels: dict[int | None, int]
    departments: int
    open_nodes: dict[str, int]
    ledger: str
    took_s: float
    settings_file: Path
    days: int = 1

    def lines(self) -> list[str]:
        """The summary for people."""
        n = self.counts
        levels = ", ".join(f"{count} {_level(level)}" for level, count in self.levels.items())
        nodes = ", ".join(f"{count} at {node}" for node, count in self.open_nodes.items())
        at = f"CITYLOOP_SETTINGS_FILE={self.settings_file} cityloop"
        return [
            f"示例市, {_span(self.day, self.days)}: played through the services in {self.took_s:.1f} s",
            f"  {n['incidents']} incidents of {self.types} types ({levels})",
            f"  {n['directives']} directives with {n['tasks']} tasks in {self.departments} departments: "
            f"{n['returns']} returned, {n['reworks']} sent back for rework",
            f"  {n['escalations']} calls to a supervisor",
            f"  {n['loops_closed']} loops closed, each handled, verified and evaluated by different people",
            f"  {n['incidents'] - n['loops_closed']} incidents still open ({nodes}), "
            f"{n['open_without_wait']} of their processes without anything to wait for",
            f"  ledger {self.ledger}",
            "What to try next:",
            f"  {at} audit verify        check the ledger",
            f"  {at} ingest cap FILE…    push alerts of your own",
            f"  {at} worker              let the deadlines of what is open run on",
        ]


def _span(day: date, days: int) -> str:
    return f"{day}" if days == 1 else f"{days} days to {day}"


def _level(level: int | None) -> str:
    return "without a level" if level is None else f"of level {ROMAN[level - 1]}"


def show_demo(folder: Path, clock: Clock | None = None, *, days: int = 1) -> Summary:
    """Make the installation in `folder`, play the last whole day in it, and say what it came to.

    Shape: `days` counts that day and the quieter ones played before it; after several days the hours up to now follow,
    which leave work on every desk.

    Raises: Conflict (`demo.folder_in_use`) for a folder whose database is not an earlier demo's.
    """
    started = stopwatch()
    settings = _clear(folder.resolve())
    now = (clock or SystemClock()).now()
    today = _last_day(now)
    day, city = build_day(today), build_city(today)
    script = [*history_days(today, days), day]
    if days > 1:
        script.append(build_desks(day.ends_at, now.replace(microsecond=0)))
    stage = ManualClock(script[0].begins_at - _PREPARED_BEFORE)
    prepare(settings, stage)
    engine = open_engine(settings, stage)
    try:
        engine.city.keep_for(_ORGANISATION_KEPT)
        engine.command(found_city, SYSTEM_ACTOR, city)
        for each in script:
            Player(engine, stage, city, each).play()
        return _summarise(engine, today, days, started, folder / SETTINGS)
    finally:
        engine.database.close()


def open_to_people(folder: Path, clock: Clock | None = None) -> list[DemoAccount]:
    """Let people into the demo of `folder`: their accounts, with passwords, and deadlines at the demo's pace."""
    settings = load_settings({}, folder.resolve() / SETTINGS)
    engine = open_engine(settings, clock)
    try:
        engine.command(quicken, SYSTEM_ACTOR)
        return open_accounts(engine, build_city(_last_day((clock or SystemClock()).now())))
    finally:
        engine.database.close()


def _clear(folder: Path) -> Settings:
    """Room for a new demo: the settings of its installation, written down, and no database of an earlier one."""
    database, sign = folder / DATABASE, folder / SETTINGS
    if database.exists() and not sign.exists():
        raise Conflict(
            "demo.folder_in_use",
            f"Expected a folder for the demo alone, but {folder} holds a database that no demo made. Choose another "
            "one with --dir.",
            folder=str(folder),
        )
    # Nothing of a demo is worth a wait for the disk at every commit; whoever opens it later gets the full durability.
    settings = Settings(f"sqlite:///{database}", folder / "cityloop.keys", synchronous="NORMAL")
    folder.mkdir(parents=True, exist_ok=True)
    # A JSON string is a TOML string.
    named = {"database": json.dumps(settings.database_url), "keys": json.dumps(str(settings.keys_file))}
    sign.write_text(_TEMPLATE.format(**named), encoding="utf-8")
    seals = settings.effective_seal_file
    for file in (database, *(folder / f"{DATABASE}{end}" for end in ("-wal", "-shm")), seals):
        if file is not None:
            file.unlink(missing_ok=True)
    return settings


def _last_day(now: datetime) -> date:
    """The last day of the city that is over, so that nothing of the demo lies in the future."""
    local = now.astimezone(ZONE)
    return local.date() if local.time() >= ENDS_AT else local.date() - timedelta(days=1)


def _summarise(engine: Engine, today: date, days: int, started: float, settings_file: Path) -> Summary:
    found = engine.verify()
    state = "whole" if found.ok else f"broken: {found.first_broken}"
    return Summary(
        counts=engine.read(counts.count_all),
        day=today,
        types=engine.read(counts.count_types),
        levels=engine.read(counts.count_levels),
        departments=engine.read(counts.count_departments),
        open_nodes=engine.read(counts.count_open_nodes),
        ledger=f"{state}: {found.rows} rows of {found.subjects} chains under {found.seals} seals",
        took_s=stopwatch() - started,
        settings_file=settings_file,
        days=days,
    )
