"""Files through the services: every case of the table on a fresh city, twice, and what must never get in."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import textwrap
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from engine.domain.access import SYSTEM_ACTOR
from engine.services.engine import Engine
from engine.services.ingest import IngestReport, ingest_file
from engine.services.installation import open_engine
from engine.settings import Settings
from engine.storage.tables import metadata
from engine.testing import START, ManualClock, TinyCity

HERE = Path(__file__).parent
SAMPLES = HERE / "samples" / "cap"
SHARED = HERE.parents[2] / "shared" / "data" / "cap"
EXPECTED: dict[str, Any] = tomllib.loads((HERE / "expected.toml").read_text("utf-8"))
FOUNDED = datetime(2000, 1, 1, tzinfo=UTC)
"""Before the oldest alert of the table: the city must have its processes by then."""
CASES = {case["name"]: case for case in EXPECTED["case"]}
ORDERS = [name for name, case in CASES.items() if len(case["steps"]) == 3 and not case["steps"][0].get("shared")][:6]


def marked(names: list[str]) -> list[Any]:
    """The cases as parameters; those with shared files are marked."""
    is_shared = {name: bool(CASES[name]["steps"][0].get("shared")) for name in names}
    return [pytest.param(n, id=n, marks=[pytest.mark.shared_data] if is_shared[n] else []) for n in names]


class Intake:
    """A fresh city that takes files in."""

    def __init__(self, engine: Engine, clock: ManualClock) -> None:
        self.engine = engine
        self.clock = clock

    def take(self, step: dict[str, Any]) -> IngestReport:
        """Take in the file of a step, as if it were then."""
        path = (SHARED if step.get("shared") else SAMPLES) / step["file"]
        if step.get("shared") and not path.exists():
            pytest.skip("the shared files are not here")
        self.clock.set(datetime.fromisoformat(step.get("at", EXPECTED["at"])))
        return ingest_file(self.engine, "cap", path.name, path.read_bytes())

    def ask(self, question: str) -> list[Any]:
        """Rows of a question in SQL."""
        with self.engine.database.read(self.clock.now()) as uow:
            return list(uow.execute(text(question)).all())

    def everything(self) -> dict[str, list[str]]:
        """Every row of every table, as stored."""
        return {t.name: sorted(map(repr, self.ask(f"SELECT * FROM {t.name}"))) for t in metadata.sorted_tables}


@pytest.fixture(scope="session")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny city that each test copies."""
    folder = tmp_path_factory.mktemp("settled")
    TinyCity(folder, start=FOUNDED).close()
    return folder


@pytest.fixture
def intake(settled: Path, tmp_path: Path) -> Iterator[Intake]:
    """A fresh city on SQLite."""
    for name in ("city.db", "keys"):
        shutil.copy(settled / name, tmp_path / name)
    clock = ManualClock(START)
    settings = Settings(f"sqlite:///{tmp_path / 'city.db'}", tmp_path / "keys", synchronous="NORMAL")
    engine = open_engine(settings, clock)
    yield Intake(engine, clock)
    engine.database.close()


@pytest.fixture
def postgres_intake(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Intake]:
    """A fresh city on PostgreSQL."""
    cluster = request.getfixturevalue("postgres_cluster")
    name = cluster.create(cluster.template)
    city = TinyCity(tmp_path, database_url=cluster.address.format(name), start=FOUNDED)
    yield Intake(city.engine, city.clock)
    city.close()
    cluster.drop(name)


def check_case(intake: Intake, case: dict[str, Any]) -> None:
    """Take the steps, compare with the table, take them again, and nothing has changed."""
    for step in case["steps"]:
        report = intake.take(step)
        for severity, key in (("error", "refused"), ("warning", "warned")):
            rules = [f.rule for f in report.findings if f.severity == severity and f.rule != "xml.note"]
            assert Counter(rules) == Counter(step.get(key, [])), step["file"]
    stored = intake.ask("SELECT external_id, state, reason_code FROM signal")
    assert {(s["id"], s["state"], s.get("reason")) for s in case["signals"]} == {tuple(row) for row in stored}
    assert len(stored) == len(case["signals"])
    assert len(intake.ask("SELECT id FROM incident")) == case["incidents"]
    before = intake.everything()
    again = [signal for step in case["steps"] for signal in intake.take(step).signals]
    assert all(signal.repeated for signal in again)
    assert intake.everything() == before


@pytest.mark.parametrize("name", marked(list(CASES)))
def test_case_ends_as_the_table_says_and_a_repeat_changes_nothing(intake: Intake, name: str) -> None:
    """What becomes of every alert, in every order of arrival, is what the table promises; a second time is silence."""
    check_case(intake, CASES[name])


@pytest.mark.postgres
@pytest.mark.parametrize("name", ORDERS)
def test_case_on_postgresql_ends_the_same(postgres_intake: Intake, name: str) -> None:
    """The other database decides nothing."""
    check_case(postgres_intake, CASES[name])


@pytest.mark.shared_data
def test_shared_alerts_on_their_day_lie_outside_the_grid_with_the_command_centre(intake: Intake) -> None:
    """Alerts from the other side of the world open incidents without a cell, for the command centre."""
    for step in CASES["shared_on_their_day"]["steps"]:
        intake.take(step)
    rows = intake.ask("SELECT state, grid_cell_id, lead_centre_id FROM incident")
    assert {tuple(row) for row in rows} == {("reported", None, "centre")}
    assert len(intake.ask("SELECT id FROM clock WHERE stage = 'acceptance'")) == len(rows)


def test_alert_taken_in_leaves_facts_and_a_whole_ledger(intake: Intake) -> None:
    """Who received what is on record, and sealed."""
    for step in CASES["actual_alert_alone"]["steps"]:
        intake.take(step)
    (signal,) = intake.ask("SELECT id FROM signal")
    codes = [row.code for row in intake.ask("SELECT code FROM fact ORDER BY id")]
    assert {"signal.received", "signal.moved", "incident.opened", "instance.stepped", "clock.started"} == set(codes)
    chains = {row.subject for row in intake.ask("SELECT subject FROM ledger")}
    assert f"signal:{signal.id}" in chains
    intake.engine.seal()
    assert intake.engine.verify().ok


@pytest.mark.parametrize("megabytes", [2.1, 5])
def test_file_over_two_megabytes_is_refused_and_leaves_nothing(intake: Intake, megabytes: float) -> None:
    """A flood of bytes becomes one finding."""
    padding = "<!--" + "x" * int(megabytes * 1_000_000) + "-->"
    content = (SAMPLES / "actual_alert.cap").read_text("utf-8").replace("</alert>", padding + "</alert>").encode()
    before = intake.everything()
    report = ingest_file(intake.engine, "cap", "flood.cap", content)
    assert report.refused
    assert [finding.rule for finding in report.findings] == ["xml.too_large"]
    assert intake.everything() == before


def test_file_refused_says_so_for_people_and_machines(intake: Intake) -> None:
    """A sender sees file, line, path and what was expected; JSON holds the same."""
    report = ingest_file(intake.engine, "cap", "x.cap", (SAMPLES / "missing_scope.cap").read_bytes())
    assert report.refused
    lines = report.lines()
    assert lines[0] == "x.cap: refused"
    assert "alert/scope" in lines[1]
    (finding,) = report.to_json()["findings"]
    assert set(finding) == {"rule", "severity", "path", "line", "message"}


def test_repeat_in_the_report_is_told(intake: Intake) -> None:
    """Who sends twice learns that nothing new was taken."""
    step = CASES["actual_alert_alone"]["steps"][0]
    first, second = intake.take(step), intake.take(step)
    assert "known before" not in first.lines()[1]
    assert "known before" in second.lines()[1]
    assert [s.incident_id for s in first.signals] == [s.incident_id for s in second.signals]


CHILD = """
    import sys
    from pathlib import Path
    from engine.intake.cap import parse
    content = Path(sys.argv[1]).read_bytes()
    parse(content)  # imports what it needs
    seen = []
    sys.addaudithook(lambda name, args: seen.append((name, args)) if name.split(".")[0] in {
        "open", "socket", "urllib", "subprocess", "os", "http"} else None)
    signals, findings = parse(content)
    print(len(signals), sorted({f.rule for f in findings if f.severity == "error"}), seen)
"""
"""Reads a file, then parses it while every look outside is written down."""


@pytest.mark.parametrize(
    "name",
    ["dtd.cap", "entity_bomb.cap", "xinclude.cap", pytest.param("xee.cap", marks=pytest.mark.shared_data)],
)
def test_attack_is_refused_without_a_file_read_or_a_connection(tmp_path: Path, name: str) -> None:
    """Entities, external types, style sheets and inclusions reach neither a listener nor a pipe nor a Python file."""
    source = SAMPLES / name if (SAMPLES / name).exists() else SHARED / name
    if not source.exists():
        pytest.skip("the shared files are not here")
    pipe = tmp_path / "secret"
    os.mkfifo(pipe)  # whoever opens it for reading waits for ever
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        port = listener.getsockname()[1]
        content = source.read_bytes()
        for old in (b"localhost:8080", b"127.0.0.1:9"):
            content = content.replace(old, b"127.0.0.1:%d" % port)
        content = content.replace(b"/etc/passwd", str(pipe).encode())
        file = tmp_path / name
        file.write_bytes(content)
        assert b":%d" % port in content or name == "entity_bomb.cap"
        done = subprocess.run(
            [sys.executable, "-c", textwrap.dedent(CHILD), str(file)],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
            cwd=HERE.parents[1],
        )
        with pytest.raises(TimeoutError):
            listener.accept()
    signals, _, seen = done.stdout.strip().partition(" ")
    assert seen.endswith(" []")
    assert signals == ("1" if name == "xinclude.cap" else "0")


def test_attack_taken_in_leaves_nothing(intake: Intake) -> None:
    """A refused file is a finding and no row."""
    before = intake.everything()
    report = ingest_file(intake.engine, "cap", "dtd.cap", (SAMPLES / "dtd.cap").read_bytes(), SYSTEM_ACTOR)
    assert report.refused
    assert [finding.rule for finding in report.findings] == ["xml.doctype"]
    assert intake.everything() == before
