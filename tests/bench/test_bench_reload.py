"""A process goes on in the same way, whether its state was saved and read again at each wait or kept in memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import shipped
from engine.bench.reload import driven
from engine.bpmn.check import Report, check
from engine.bpmn.state import State
from engine.services import drive
from tests.bpmn.diagram import Diagram


def differs(file: Path, report: Report, process: str) -> bool:
    """Whether saving and reading the state again changes anything."""
    saved, kept = driven(file, report, process)
    return saved != kept


LOOPS = sorted(shipped.path("processes").glob("loops/*/*.bpmn"))
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "bpmn"
FILES = sorted(path for path in SHARED.glob("*/**/*") if path.is_file()) if SHARED.is_dir() else []


@pytest.mark.parametrize("file", LOOPS, ids=lambda file: file.stem)
def test_reload_at_every_wait_changes_nothing(file: Path) -> None:
    """A restart of the machine between any two steps of a shipped loop is noticed by nobody."""
    report = check(file.read_bytes())
    assert not any(differs(file, report, process) for process in report.nets)


def test_reload_that_loses_something_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The measure itself: a codec that gives back something else than was stored shows."""
    diagram = Diagram().start().user("a", "b").service("s").end().flow("start > a > s > b > end")
    file = tmp_path / "p.bpmn"
    file.write_text(diagram.xml(), "utf-8")
    report = check(file.read_bytes())
    assert not differs(file, report, "process")
    whole = drive.state_from_bytes

    def careless(stored: bytes) -> State:
        read = whole(stored)
        read.variables["forgotten"] = len(stored)
        return read

    monkeypatch.setattr(drive, "state_from_bytes", careless)
    assert differs(file, report, "process")


@pytest.mark.shared_data
@pytest.mark.skipif(not FILES, reason="the shared files are not here")
def test_reload_of_a_sample_of_real_files_changes_nothing() -> None:
    """The same over processes of twenty tools and three engines."""
    played = 0
    for file in FILES[::25]:
        report = check(file.read_bytes())
        for process in report.nets if report.grade != "refused" else ():
            assert not differs(file, report, process), (file.name, process)
            played += 1
    assert played > 20
