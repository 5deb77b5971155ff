"""The bench of the import: what it counts as accepted, running, driven and refused, over a folder of small files."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bench import run_bench
from engine.bench.importing import Found, jobs, look_at, run, summary
from engine.bench.result import Result
from engine.errors import NotFound, Rejected
from tests.bpmn.drawing import START, chain, drawing, flow, task

TIMER = "<bpmn:timerEventDefinition/>"
EXPECTED = "".join(
    f"{row}\n"
    for row in (
        "file\texpected\treason",
        "zeebe/runs.bpmn\taccept\t",
        "zeebe/asks.bpmn\taccept\t",
        "other/broken.bpmn\trefuse\tno node",
        "other/odd.bpmn\teither\t",
    )
)


@pytest.fixture
def corpora(tmp_path: Path) -> Path:
    """Two corpora with the table of what must become of their files."""
    files = {
        "zeebe/runs.bpmn": chain(task("t"), task("c", "", "callActivity", 'calledElement="other"')),
        "zeebe/asks.bpmn": chain(task("s", "", "serviceTask"), task("w", TIMER, "intermediateCatchEvent")),
        "other/broken.bpmn": START + flow("start", "nowhere"),
        "other/odd.bpmn": "",
    }
    for name, inside in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(drawing(inside))
    (tmp_path / "EXPECTED.tsv").write_text(EXPECTED, encoding="utf-8")
    return tmp_path


def figures(result: Result) -> dict[str, tuple[int | None, int]]:
    """Passed and counted, by the name of each figure."""
    return {each.name: (each.passed, each.n) for each in (result, *result.details)}


def test_import_counts_what_is_accepted_refused_running_and_driven(corpora: Path) -> None:
    """A question of more than a missing piece accepts and does not run; a call of another file is awaited by name."""
    found = [look_at(job) for job in jobs(corpora)]
    told = figures(summary(found))
    assert told["import"] == (2, 2)
    assert told["import.refuse"] == (1, 1)
    assert told["import.executable"] == (1, 2)
    assert told["import.drive"] == (2, 2)
    assert told["import.zeebe: 1 run, 1 ask, 0 refused"] == (2, 2)
    assert told["import.asked by timer.unset"] == (None, 1)


def test_import_of_a_pool_and_of_one_corpus(corpora: Path) -> None:
    """The processes of the pool find what one process finds; a corpus can be measured alone."""
    assert figures(run(corpora, ("other",)))["import.refuse"] == (1, 1)
    assert [job[1] for job in jobs(corpora, ("other",))] == ["other", "other"]
    with pytest.raises(NotFound):
        jobs(corpora / "zeebe")


def test_import_of_a_folder_without_a_table_wants_every_file(corpora: Path) -> None:
    """Files nobody judged must be accepted."""
    (corpora / "EXPECTED.tsv").unlink()
    assert {job[2] for job in jobs(corpora)} == {"accept"}


def test_import_that_is_stuck_counts_as_refused_and_not_driven() -> None:
    """What breaks the limits is no success."""
    stuck = Found("zeebe", "f", "accept", "refused", ("check.limit",), (), True, False, "check.limit", 0.1)
    told = figures(summary([stuck]))
    assert (told["import"], told["import.drive"]) == ((0, 1), (0, 1))
    assert told["import.refused by check.limit"] == (None, 1)


def test_bench_with_an_option_it_has_not_is_refused() -> None:
    """A folder for a bench that reads none is a mistake worth a word."""
    with pytest.raises(Rejected) as refusal:
        run_bench("feel", folder=Path())
    assert refusal.value.code == "bench.option"
