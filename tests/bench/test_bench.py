"""The benches: figures are computed rightly and every workload really runs; how fast is never asserted."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.bench import BENCHES, Result, game, reference, run_bench
from engine.bench.disk import bytes_of
from engine.bench.raw import Raw
from engine.bench.result import from_turns, percentile
from engine.bench.rows import Rows
from engine.bench.service import Service
from engine.bench.spiff import SavedSpiff, Spiff
from engine.bench.turns import play
from engine.bpmn.game import advance
from engine.bpmn.stimuli import Start
from engine.errors import Conflict, NotFound
from engine.storage.tables.processes import instance_history, item_history, process_instance, timer, work_item

pytestmark = pytest.mark.fast

SHAPE = {"name", "n", "per_s", "median_ms", "p95_ms", "p99_ms", "ratio", "goal", "baseline"}


def test_percentile_between_two_values_is_interpolated() -> None:
    """A p95 of few samples is not simply the slowest one."""
    assert percentile([1.0, 2.0, 3.0, 4.0, 5.0], 50) == 3.0
    assert percentile([1.0, 2.0], 75) == 1.75
    assert percentile([7.0], 99) == 7.0


def test_ratio_of_turns_with_one_disturbed_pair_is_that_of_the_others() -> None:
    """Other work on the machine spoils a pair of turns, not the result."""
    ours = [[0.1, 0.1], [0.1, 0.1], [9.0, 9.0]]
    theirs = [[0.2, 0.2], [0.2, 0.2], [0.2, 0.2]]
    result = from_turns("x", ours, against=theirs, goal=1.5)
    assert (result.ratio, result.is_met, result.n) == (pytest.approx(2.0), True, 6)
    assert result.per_s == pytest.approx(10)


def test_result_as_json_has_the_stable_shape_and_tells_what_is_not_met() -> None:
    """Scripts read the object; a detail that misses its goal is not hidden by its parent."""
    ceiling = Result("size", 1, 0, 0, 0, 0, ratio=3.0, goal=2.0, at_most=True)
    result = Result("x", 1, 1, 1, 1, 1, ratio=2.0, goal=1.0, baseline=0.5, details=(ceiling,))
    found = result.as_json()
    assert set(found) >= SHAPE
    assert (found["met"], found["details"][0]["met"], result.is_met) == (True, False, False)
    assert "NOT met" in result.lines()[1]


def test_bench_of_unknown_name_is_refused() -> None:
    """A misspelt bench names those that exist."""
    assert set(BENCHES) >= {"game", "complete", "feel", "http", "peers", "census", "proof"}
    with pytest.raises(NotFound) as refusal:
        run_bench("speed")
    assert refusal.value.code == "bench.unknown"


def test_reference_in_memory_completes_its_seven_nodes_on_both_engines() -> None:
    """Both sides of the comparison play the same workload to its end."""
    net = reference.net()
    step = advance(net, None, Start(None, reference.START), reference.NOW)
    for node in reference.HAPPY_PATH:
        step = game.complete(net, step, game.wait_of(net, step, node), reference.ANSWERS)
    assert step.state.outcome == "completed"
    assert len(Spiff().in_memory(1)) == len(reference.HAPPY_PATH)


def test_reference_with_rounds_sent_back_is_at_the_draft_with_a_state_as_small() -> None:
    """Growth is measured on rounds that really repeat the whole loop."""
    net = reference.net(rounds=True)
    step = advance(net, None, Start(None, reference.START), reference.NOW)
    for node in reference.HAPPY_PATH:
        again = {"decision": "again"} if node == "evaluate" else {}
        step = game.complete(net, step, game.wait_of(net, step, node), {**reference.ANSWERS, **again})
    assert [net.nodes[wait[1]].id for wait in step.state.waits.values()] == ["draft"]


def test_rows_of_the_engine_step_are_gone_when_its_instances_end(tmp_path: Path) -> None:
    """The lean step writes what the services write: runtime rows die, history stays; a second claim is refused."""
    rows = Rows(tmp_path / "rows.db", reference.net(), "NORMAL")
    instance = rows.start()
    wait, revision = rows.open_items(instance)["draft"]
    rows.complete_node(instance, "draft")
    with pytest.raises(Conflict):
        rows.complete(instance, wait, revision, reference.ANSWERS)
    for node in reference.HAPPY_PATH[1:]:
        rows.complete_node(instance, node)
    with rows.database.read() as uow:
        counts = {
            table.name: len(uow.execute(table.select()).fetchall())
            for table in (process_instance, work_item, timer, item_history, instance_history)
        }
    assert bytes_of(rows.database, (item_history,)) > 0
    rows.database.close()
    assert counts == {"process_instance": 0, "work_item": 0, "timer": 0, "item_history": 7, "instance_history": 1}


def test_service_completes_the_marked_reference(tmp_path: Path) -> None:
    """The services' duties are all on the measured path: role, form, clock, facts and ledger."""
    service = Service(tmp_path / "service", "NORMAL")
    assert len(play(service.start, service.complete, 1)) == len(reference.HAPPY_PATH)
    verification = service.engine.verify()
    service.close()
    assert verification.ok


def test_baselines_on_sqlite_run(tmp_path: Path) -> None:
    """The baselines are ours to keep working: SpiffWorkflow saved as JSON, and raw commits."""
    spiff, raw = SavedSpiff(tmp_path / "spiff.db", "NORMAL"), Raw(tmp_path / "raw.db", "NORMAL")
    assert len(play(spiff.start, spiff.complete_node, 1)) == len(reference.HAPPY_PATH)
    assert len(raw.commits(3)) == 3
    spiff.close()
    raw.close()
