"""Running instances on another version: looked at first, moved one by one, in batches that survive their worker."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from engine.bpmn.migrate import Obstacle
from engine.domain.access import SYSTEM_ACTOR
from engine.errors import InvalidMove, Rejected
from engine.services import batches, care, migration
from engine.services.desk import Desk
from engine.storage import failpoints
from engine.storage.tables import care as c
from engine.storage.tables import clocks, org
from engine.storage.tables import processes as t
from tests.services.play import Play, drawing, node, path

LIMIT = (
    '<bpmn:timerEventDefinition id="hour"><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">PT1H</bpmn:timeDuration>'
    "</bpmn:timerEventDefinition>"
)


def version(first: str = "first", name: str = "", more: str = "", after: str = "second") -> str:
    """A version of one process: two steps, the first under a deadline."""
    return drawing(
        "road",
        node("startEvent", "s")
        + node("userTask", first, f'cl:stage="sign_in" name="{name}"')
        + more
        + node("userTask", after)
        + node("endEvent", "e")
        + path("s", first, after, "e"),
    )


WITH_LIMIT = version(
    more=node("boundaryEvent", "limit", 'attachedToRef="first"', LIMIT)
    + node("userTask", "late")
    + node("endEvent", "e2")
    + path("limit", "late", "e2")
)


@pytest.fixture
def road(city: Play) -> Play:
    """A city with an operator."""
    city.appoint(city.newcomer("operator"), "centre", "admin")
    return city


def act(city: Play, what: Any, *args: Any, **more: Any) -> Any:
    """Act as the operator."""
    return city.engine.command(what, city.person("operator"), *args, **more)


def looked(city: Play, source: str, target: str, chosen: Any = None) -> list[migration.Prospect]:
    """The preview over all instances of a version."""

    def question(desk: Desk) -> list[migration.Prospect]:
        return migration.preview(desk, migration.between(desk, source, target, chosen), source)

    return city.engine.command(question, SYSTEM_ACTOR)


def test_instance_migrated_goes_on_with_the_rows_of_the_new_version(road: Play) -> None:
    """The clerk sees the step of the new version, its limit runs, the deadline goes on, and the work is done there."""
    old = road.install(version(), "road")
    instance = road.begin("road")
    new = road.install(WITH_LIMIT.replace('id="first"', 'id="first" cl:form=""'), "road")
    assert old is not None
    assert new is not None
    assert looked(road, old, new) == [(instance, ())]
    act(road, migration.migrate_instance, instance, new, "limit added")
    assert road.row(t.process_instance, instance).definition_id == new
    (timer,) = road.rows(t.timer)
    assert (timer.node_id, timer.due_at) == ("limit", road.clock.now() + timedelta(hours=1))
    road.complete(road.items("first")[0], "centre.drafter")
    assert road.rows(t.timer) == []
    assert [row.state for row in road.rows(clocks.clock)] == ["met"]
    road.complete(road.items("second")[0], "centre.drafter")
    assert road.outcome(instance) == "completed"
    assert [(row.act, row.detail["target"]) for row in road.rows(c.intervention)] == [("migrate", 2)]


def test_instance_migrated_to_a_node_of_another_id_keeps_item_and_clock(road: Play) -> None:
    """What was renamed is told apart by the operator, and nothing that is open is lost."""
    old = road.install(version(), "road")
    instance = road.begin("road")
    new = road.install(version("begin", "Begin"), "road")
    assert old is not None
    assert new is not None
    assert looked(road, old, new) == [(instance, (Obstacle("first", "migrate.gone"),))]
    with road.refused("migrate.obstacles", Rejected):
        act(road, migration.migrate_instance, instance, new, "renamed")
    act(road, migration.migrate_instance, instance, new, "renamed", {"first": "begin"})
    (item,) = road.items()
    assert (item.node_id, item.name, item.revision) == ("begin", "Begin", 2)
    assert [(row.node_id, row.state) for row in road.rows(clocks.clock)] == [("begin", "running")]
    road.complete(item, "centre.drafter")
    assert [row.state for row in road.rows(clocks.clock)] == ["met"]


def test_limit_that_the_new_version_lacks_is_withdrawn(road: Play) -> None:
    """Nobody is pushed aside by a limit that no longer exists."""
    road.install(WITH_LIMIT, "road")
    instance = road.begin("road")
    new = road.install(version(), "road")
    act(road, migration.migrate_instance, instance, new, "no limit")
    assert road.rows(t.timer) == []
    assert road.wait(timedelta(hours=2)) >= 0
    assert [item.node_id for item in road.items()] == ["first"]


@pytest.mark.fast
def test_instance_is_not_migrated_to_another_process_or_itself(sqlite_city: Play) -> None:
    """Versions of one process are roads; anything else is a crash."""
    city = sqlite_city
    city.appoint(city.newcomer("operator"), "centre", "admin")
    old = city.install(version(), "road")
    instance = city.begin("road")
    other = city.install(version().replace('id="road"', 'id="other"'), "other")
    for target in (old, other):
        with city.refused("migrate.version", InvalidMove):
            act(city, migration.migrate_instance, instance, target, "try")
    new = city.install(WITH_LIMIT, "road")
    with city.refused("migrate.no_such_node", Rejected):
        act(city, migration.migrate_instance, instance, new, "try", {"first": "nowhere"})


def test_batch_migrates_what_can_move_and_lists_what_cannot(road: Play) -> None:
    """Two hundred instances are one order: each has its own transaction, and the one that cannot move says why."""
    old = road.install(version(), "road")
    instances = [road.begin("road") for _ in range(5)]
    road.complete(next(i for i in road.items() if i.instance_id == instances[2]), "centre.drafter")
    new = road.install(version(after="third"), "road")
    assert old is not None
    assert new is not None
    batch = act(road, batches.order_batch, "migrate", instances, "new map", {"target_id": new})
    assert batches.run_batches(road.engine, at_once=2) == 2
    act(road, batches.pause_batch, batch)
    assert batches.run_batches(road.engine) == 0
    act(road, batches.resume_batch, batch)
    while batches.run_batches(road.engine, at_once=2):
        pass
    assert road.engine.command(batches.progress, SYSTEM_ACTOR, batch) == {"waiting": 0, "done": 4, "failed": 1}
    (failed,) = road.rows(c.batch_item, c.batch_item.c.state == "failed")
    assert (failed.instance_id, failed.error) == (instances[2], "migrate.obstacles")
    assert [row.definition_id for row in road.rows(t.process_instance)].count(new) == 4
    assert road.row(c.batch, batch).state == "done"


def test_batch_whose_worker_dies_goes_on_and_acts_on_nothing_twice(road: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that falls in the middle of an instance leaves it as it was; the next one goes on from there."""
    road.install(version(), "road")
    instances = [road.begin("road") for _ in range(6)]
    batch = act(road, batches.order_batch, "cancel", instances, "called off")
    commits = 0

    def reach(name: str) -> None:
        nonlocal commits
        commits += name == "before_commit"
        if commits == 5:  # the batch is read, its next instances are, two are cancelled, the third nearly
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(failpoints, "reach", reach)
        with pytest.raises(KeyboardInterrupt):
            batches.run_batches(road.engine)
    assert road.engine.command(batches.progress, SYSTEM_ACTOR, batch) == {"waiting": 4, "done": 2, "failed": 0}
    while batches.run_batches(road.engine, at_once=4):
        pass
    assert road.engine.command(batches.progress, SYSTEM_ACTOR, batch) == {"waiting": 0, "done": 6, "failed": 0}
    assert sorted(row.instance_id for row in road.rows(c.intervention)) == sorted(instances)
    assert [row.outcome for row in road.rows(t.instance_history)] == ["cancelled"] * 6


def test_batch_acts_with_the_rights_of_who_ordered_it(road: Play) -> None:
    """The worker gives nobody a right they do not have, also when it was lost after the order."""
    road.install(version(), "road")
    instance = road.begin("road")
    batch = act(road, batches.order_batch, "suspend", [instance], "audit")
    with road.engine.database.write(road.clock.now()) as uow:
        uow.execute(org.post_holding.delete().where(org.post_holding.c.person_id == "operator"))
    road.engine.city.forget()
    while batches.run_batches(road.engine):
        pass
    (item,) = road.rows(c.batch_item)
    assert (item.batch_id, item.state, item.error) == (batch, "failed", "access.not_permitted")
    assert road.row(t.process_instance, instance).suspended_at is None


def test_batches_of_moves_and_retries_find_their_tokens(road: Play) -> None:
    """An act over many instances names nodes, not numbers."""
    road.install(version(), "road")
    instances = [road.begin("road") for _ in range(3)]
    act(road, batches.order_batch, "move", instances, "skip", {"source": "first", "target": "second"})
    while batches.run_batches(road.engine):
        pass
    assert [item.node_id for item in road.items()] == ["second"] * 3
    assert road.engine.command(care.waits_at, SYSTEM_ACTOR, instances[0], "first") == []
