"""The command line: every command's answers for people and machines, its exit codes, and its refusals in a sentence."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.bench import BENCHES
from engine.services.installation import open_engine
from engine.settings import Settings
from engine.storage.tables.outbox import worker_heartbeat
from engine.testing import TinyCity
from engine.worker import loop
from tests.processes.variants import SHIPPED, without_evaluate
from webapp.cli import main

SAMPLES = Path(__file__).parents[1] / "intake" / "samples" / "cap"
ALERT = str(SAMPLES / "actual_alert.cap")
AT = "2026-07-01T10:00:00+08:00"
Cityloop = Callable[..., Result]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The settings of an installation in a folder of its own."""
    return {
        "CITYLOOP_DATABASE_URL": f"sqlite:///{tmp_path / 'city.db'}",
        "CITYLOOP_KEYS_FILE": str(tmp_path / "keys"),
        "CITYLOOP_SYNCHRONOUS": "FULL",
    }


@pytest.fixture
def cityloop(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Cityloop:
    """Runs a command in that installation."""
    for name in [name for name in os.environ if name.startswith("CITYLOOP_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(main, list(arguments))
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def city(tmp_path: Path, environment: dict[str, str]) -> None:
    """A tiny city in that installation."""
    tiny = TinyCity(tmp_path)
    tiny.engine.seal()
    tiny.close()


def lines(result: Result) -> list[Any]:
    """The JSON objects a command printed, one a line."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_help_names_every_command(cityloop: Cityloop) -> None:
    """The list of commands is a promise to operators and reviewers."""
    done = cityloop("--help")
    assert done.exit_code == 0
    promised = {"demo", "ingest", "check", "drive", "worker", "migrate", "doctor", "bench", "audit"}
    assert promised <= set(main.commands)
    assert all(name in done.stdout for name in promised)


@pytest.mark.parametrize("command", sorted(main.commands))
def test_every_command_explains_itself(cityloop: Cityloop, command: str) -> None:
    """`--help` answers with a sentence and needs no installation."""
    done = cityloop(command, "--help")
    assert done.exit_code == 0
    assert "Usage:" in done.stdout


def test_version_is_the_distributions(cityloop: Cityloop) -> None:
    """People who report a fault can say which version they have."""
    done = cityloop("--version")
    assert done.exit_code == 0
    assert "0.1.0" in done.stdout


def test_migrate_sets_up_and_a_second_time_changes_nothing(cityloop: Cityloop, tmp_path: Path) -> None:
    """It makes keys where none exist and says so; again it says that all is up to date."""
    first = cityloop("migrate")
    assert first.exit_code == 0
    assert "made new keys" in first.stdout
    assert "new process versions: 3" in first.stdout
    assert (tmp_path / "keys").stat().st_mode & 0o077 == 0
    second = cityloop("migrate")
    assert second.stdout.splitlines() == ["schema: up to date", "new policies: 0, new process versions: 0"]


def test_doctor_of_a_sound_installation_ends_with_0(cityloop: Cityloop) -> None:
    """The effective settings, and no complaint."""
    cityloop("migrate")
    done = cityloop("doctor")
    assert done.exit_code == 0
    assert "CITYLOOP_DATABASE_URL=sqlite:///" in done.stdout
    assert "CITYLOOP_SEAL_FILE=" in done.stdout
    assert "error" not in done.stdout


def test_doctor_of_a_weak_installation_ends_with_1_and_says_why(cityloop: Cityloop, tmp_path: Path) -> None:
    """Keys that others can read are an error, not a hint."""
    assert cityloop("doctor").exit_code == 1
    cityloop("migrate")
    (tmp_path / "keys").chmod(0o644)
    done = cityloop("doctor")
    assert done.exit_code == 1
    assert "error: keys_file: Expected " in done.stdout


def test_doctor_never_shows_a_password(cityloop: Cityloop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its output is made to be sent around."""
    monkeypatch.setenv("CITYLOOP_DATABASE_URL", "postgresql://city:hunter2@db/city")
    done = cityloop("doctor")
    assert "hunter2" not in done.output
    assert "postgresql://city:***@db/city" in done.stdout
    assert "seal_file: Expected a seal file" in done.stdout


def test_setting_without_a_meaning_ends_with_1_and_a_sentence(
    cityloop: Cityloop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A typing error in the environment is told by name, without a traceback."""
    monkeypatch.setenv("CITYLOOP_SYNCHRONOUS", "SOMETIMES")
    done = cityloop("doctor")
    assert done.exit_code == 1
    assert "cityloop: Expected synchronous" in done.stderr


def test_check_answers_with_the_promised_keys(cityloop: Cityloop) -> None:
    """One object per file, in order; what programs read is what the contract says."""
    done = cityloop("check", "--json", str(SHIPPED), str(SAMPLES / "actual_alert.cap"))
    assert done.exit_code == 0
    shipped, other = lines(done)
    for report in (shipped, other):
        assert set(report) == {"file", "grade", "second_opinion", "changes", "findings", "processes", "fates", "proof"}
        assert set(report["second_opinion"]) == {"verdict", "reason"}
        said = {"rule", "severity", "element", "line", "message", "params"}
        assert all(set(f) == said for f in report["findings"])
    assert (shipped["file"], shipped["grade"], shipped["processes"]) == (str(SHIPPED), "runs", ["closed_loop_command"])
    assert shipped["second_opinion"]["verdict"] in {"agrees", "cannot"}
    assert other["grade"] == "refused"
    assert other["findings"][0]["rule"] == "bpmn.root"


def test_check_shows_the_proof_of_each_process_as_a_loop_and_as_a_plain_one(cityloop: Cityloop) -> None:
    """What may be published, and as what, is told with the check and not only on the page."""
    (report,) = lines(cityloop("check", "--json", str(SHIPPED)))
    proofs = report["proof"]["closed_loop_command"]
    assert {kind: proof["proved"] for kind, proof in proofs.items()} == {"loop": True, "plain": False}
    assert {rule["rule"]: rule["verdict"] for rule in proofs["plain"]["rules"]}["CL-01"] == "not_applicable"
    assert [each["rule"] for each in proofs["plain"]["counter_examples"]] == ["CL-09"] * 3
    told = cityloop("check", str(SHIPPED)).stdout
    assert "closed_loop_command: as a loop proved" in told
    assert "as a plain process refused by CL-09" in told


def test_check_for_people_names_grade_findings_and_opinion(cityloop: Cityloop, tmp_path: Path) -> None:
    """A designer reads line, element and remedy; a refused file is an answer, not a failure of the command."""
    file = tmp_path / "broken.bpmn"
    file.write_text(SHIPPED.read_text("utf-8").replace('targetRef="review"', 'targetRef="nowhere"'), "utf-8")
    done = cityloop("check", str(file))
    assert done.exit_code == 0
    assert f"{file}: refused" in done.stdout
    assert "error " in done.stdout
    assert "nowhere" in done.stdout
    assert "second opinion: " in done.stdout


def test_check_prints_questions_with_key_and_proposal_and_reads_zips(cityloop: Cityloop, tmp_path: Path) -> None:
    """What must be answered can be answered by its key; files that belong together are given together or as a zip."""
    unset = SHIPPED.read_text("utf-8").replace('cl:form="review"', 'cl:form="gone"', 1)
    (tmp_path / "asks.bpmn").write_text(unset, "utf-8")
    forms = sorted(map(str, (SHIPPED.parent / "forms").glob("*.json")))
    done = cityloop("check", str(tmp_path / "asks.bpmn"), *forms)
    assert "question form.missing@review proposal: a note in place of the form" in done.stdout
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for file in (str(tmp_path / "asks.bpmn"), *forms):
            archive.write(file, Path(file).name)
    (zipped,) = lines(cityloop("check", "--json", str(tmp_path / "all.zip")))
    (given,) = lines(cityloop("check", "--json", str(tmp_path / "asks.bpmn"), *forms))
    assert (given.pop("file"), zipped.pop("file")) == (
        str(tmp_path / "asks.bpmn"),
        f"{tmp_path / 'all.zip'}:asks.bpmn",
    )
    assert given == zipped
    (question,) = [finding for finding in given["findings"] if finding.get("question")]
    assert (given["grade"], question["key"]) == ("answers", "form.missing@review")
    assert question["proposal"] == "a note in place of the form"


@pytest.mark.parametrize("arguments", [["check"], ["check", "/no/such/file"], ["drive"], ["ingest", "fax", ALERT]])
def test_misuse_ends_with_2(cityloop: Cityloop, arguments: list[str]) -> None:
    """2 means the command was called wrongly, nothing else does."""
    assert cityloop(*arguments).exit_code == 2


def test_drive_of_the_shipped_loop_completes(cityloop: Cityloop) -> None:
    """The product's own process ends closed."""
    done = cityloop("drive", str(SHIPPED), "--json")
    assert done.exit_code == 0
    (driven,) = lines(done)
    assert driven["outcome"] == "completed"
    assert {"process", "outcome", "waits_for", "reason", "trace"} <= set(driven)


def test_drive_for_people_prints_the_trace_and_the_outcome(cityloop: Cityloop) -> None:
    """Step after step, and how it ended."""
    done = cityloop("drive", str(SHIPPED), "--process", "closed_loop_command", "--data", '{"level": 1}')
    said = done.stdout.splitlines()
    assert "complete cosign" in said
    assert said[-1] == "closed_loop_command: completed"


def test_drive_of_a_loop_without_evaluate_fails_by_name(cityloop: Cityloop, tmp_path: Path) -> None:
    """What cannot close says so."""
    file = tmp_path / "short.bpmn"
    file.write_text(without_evaluate(), "utf-8")
    (driven,) = lines(cityloop("drive", str(file), "--json"))
    assert (driven["outcome"], driven["reason"].split(":")[0]) == ("failed", "directive.not_evaluated")


@pytest.mark.parametrize("data", ["{", "[]", "7", '"x"'])
def test_drive_with_data_that_is_no_object_ends_with_2(cityloop: Cityloop, data: str) -> None:
    """Start variables are a JSON object."""
    done = cityloop("drive", str(SHIPPED), "--data", data)
    assert done.exit_code == 2
    assert "Expected a JSON object" in done.stderr


def test_drive_of_a_file_that_does_not_run_ends_with_1_and_its_findings(cityloop: Cityloop) -> None:
    """A refusal is a sentence with findings under it."""
    done = cityloop("drive", ALERT)
    assert done.exit_code == 1
    assert done.stderr.startswith("cityloop: definition.refused: Expected ")
    assert done.stdout == ""


@pytest.mark.usefixtures("city")
def test_ingest_twice_takes_in_once(cityloop: Cityloop, tmp_path: Path) -> None:
    """The second time every signal is known before, and no row is new."""

    def rows() -> int:
        with sqlite3.connect(tmp_path / "city.db") as database:
            tables = ("signal", "incident", "fact", "ledger", "clock", "outbox")
            return sum(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)

    first = cityloop("ingest", "cap", ALERT, str(SAMPLES / "dtd.cap"), "--at", AT, "--json")
    assert first.exit_code == 0
    taken, refused = lines(first)
    assert (taken["file"], taken["refused"], taken["signals"][0]["state"]) == ("actual_alert.cap", False, "linked")
    assert taken["signals"][0]["repeated"] is False
    assert (refused["refused"], refused["findings"][0]["rule"]) == (True, "xml.doctype")
    before = rows()
    second = lines(cityloop("ingest", "cap", ALERT, "--at", AT, "--json"))
    assert second[0]["signals"] == [{**taken["signals"][0], "repeated": True}]
    assert rows() == before


@pytest.mark.usefixtures("city")
def test_ingest_at_another_instant_lets_an_alert_expire(cityloop: Cityloop) -> None:
    """`--at` is the clock of the whole command."""
    done = cityloop("ingest", "cap", ALERT, "--at", "2030-01-01T00:00:00Z")
    assert done.exit_code == 0
    assert "rejected (expired)" in done.stdout


@pytest.mark.parametrize("at", ["yesterday", "2026-07-01T10:00:00", "2026-07-01"])
def test_ingest_at_an_instant_without_offset_ends_with_2(cityloop: Cityloop, at: str) -> None:
    """An instant without its zone is no instant."""
    assert cityloop("ingest", "cap", ALERT, "--at", at).exit_code == 2


def test_ingest_without_an_installation_ends_with_1_and_the_remedy(cityloop: Cityloop) -> None:
    """Nothing is set up behind the operator's back."""
    done = cityloop("ingest", "cap", ALERT)
    assert done.exit_code == 1
    assert done.stderr.startswith("cityloop: keys.")
    assert "Expected " in done.stderr


@pytest.mark.usefixtures("city")
def test_ingest_into_a_city_without_a_command_centre_ends_with_1(cityloop: Cityloop, tmp_path: Path) -> None:
    """An empty installation says what is missing and keeps no half of the alert."""
    with sqlite3.connect(tmp_path / "city.db") as database:
        database.execute("UPDATE centre SET kind = 'hotline'")
    done = cityloop("ingest", "cap", ALERT, "--at", AT)
    assert done.exit_code == 1
    assert "org.no_command_centre" in done.stderr
    with sqlite3.connect(tmp_path / "city.db") as database:
        assert database.execute("SELECT count(*) FROM signal").fetchone() == (0,)


@pytest.mark.usefixtures("city")
def test_audit_verify_of_a_whole_ledger_ends_with_0(cityloop: Cityloop) -> None:
    """Whole is said with what was looked at."""
    cityloop("ingest", "cap", ALERT, "--at", AT)
    done = cityloop("audit", "verify")
    assert done.exit_code == 0
    assert done.stdout.startswith("whole: ")


@pytest.mark.usefixtures("city")
@pytest.mark.parametrize(
    "tampering", ["UPDATE ledger SET content = '{}' WHERE id = 2", "DELETE FROM ledger WHERE id = 2"]
)
def test_audit_verify_of_a_tampered_ledger_ends_with_1_and_names_the_link(
    cityloop: Cityloop, tmp_path: Path, tampering: str
) -> None:
    """Whoever reaches the file and drops the triggers is still found, with the first broken link."""
    cityloop("ingest", "cap", ALERT, "--at", AT)
    engine = open_engine(Settings(f"sqlite:///{tmp_path / 'city.db'}", tmp_path / "keys", tmp_path / "city.db.seals"))
    engine.seal()
    engine.database.close()
    with sqlite3.connect(tmp_path / "city.db") as database:
        (subject,) = database.execute("SELECT subject FROM ledger WHERE id = 2").fetchone()
        for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        database.execute(tampering)
    done = cityloop("audit", "verify")
    assert done.exit_code == 1
    assert done.stdout.startswith("broken: ")
    assert subject in done.stdout or "seal" in done.stdout


def test_bench_unknown_ends_with_1_and_names_the_known_ones(cityloop: Cityloop) -> None:
    """A typing error is answered with what there is."""
    done = cityloop("bench", "speed")
    assert done.exit_code == 1
    assert all(name in done.stderr for name in BENCHES)
    assert {"game", "complete", "peers"} <= set(BENCHES)


def test_worker_with_weak_keys_refuses_to_start(cityloop: Cityloop, tmp_path: Path) -> None:
    """It does not run on keys that others can read."""
    cityloop("migrate")
    (tmp_path / "keys").chmod(0o644)
    done = cityloop("worker")
    assert done.exit_code == 1
    assert "settings.weak" in done.stderr


@pytest.mark.usefixtures("city")
def test_worker_beats_until_it_is_told_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    """The heartbeat claims what is due, shows life, and seals the ledger when it goes."""
    engine = open_engine(Settings(f"sqlite:///{tmp_path / 'city.db'}", tmp_path / "keys"))
    stop, beats, beat = threading.Event(), [], loop.beat

    def once(*arguments: Any) -> int:
        beats.append(beat(*arguments))
        stop.set()
        return int(beats[-1])

    monkeypatch.setattr(loop, "beat", once)
    monkeypatch.setattr(loop, "BEAT_S", 0.01)
    loop.run_worker(engine, until=stop)
    with engine.database.read() as uow:
        (life,) = uow.execute(worker_heartbeat.select()).all()
    assert str(os.getpid()) in life.worker
    assert beats
    assert engine.verify().unsealed == 0
    engine.database.close()
