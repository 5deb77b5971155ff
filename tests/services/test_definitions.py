"""Definitions: versions that never change, installed only when they run, picked up by the next instance alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text, update

from engine.bpmn.proof import Proof
from engine.domain.access import SYSTEM_ACTOR
from engine.errors import NotFound, Rejected
from engine.services import definitions
from engine.services.desk import Desk
from engine.services.installation import prepare
from engine.services.steps import published, start
from engine.settings import Settings
from engine.storage.tables import processes as t
from tests.processes.variants import SHIPPED, shipped, with_second_review, without_evaluate
from tests.services.play import LOOP, Play, drawing, node, path

pytestmark = pytest.mark.fast

PLAIN = drawing("plain", node("startEvent", "s") + node("userTask", "a") + node("endEvent", "e") + path("s", "a", "e"))


def test_definition_shipped_is_stored_with_bytes_digest_and_certificate(sqlite_city: Play) -> None:
    """What runs can be shown as it was delivered, with the proof of this very version."""
    (row,) = sqlite_city.rows(t.definition, t.definition.c.process_id == LOOP)
    assert (row.process_id, row.version, row.state, row.kind, row.shipped) == (LOOP, 1, "published", "loop", True)
    assert bytes(row.source) == SHIPPED.read_bytes()
    assert row.digest == definitions.read_source(SHIPPED.parent).digest
    proof = Proof.from_json(row.certificate)
    assert proof.proved
    assert (proof.process, proof.kind, proof.complete) == (LOOP, "loop", True)
    assert proof.verdict("CL-01") == "passed"


def test_definition_installed_again_is_not_a_new_version(sqlite_city: Play) -> None:
    """The same bytes and forms are stored once."""
    before = sqlite_city.everything()
    assert sqlite_city.install(shipped()) is None
    assert sqlite_city.engine.command(definitions.install_shipped, SYSTEM_ACTOR) == []
    assert sqlite_city.everything() == before


def test_definition_with_other_forms_is_a_new_version(sqlite_city: Play) -> None:
    """A form is part of the version: changing one never changes a running order."""
    forms = {**definitions.read_source(SHIPPED.parent).forms, "issue": {"type": "object", "properties": {}}}
    assert sqlite_city.install(shipped(), forms=forms) is not None
    assert sorted(row.version for row in sqlite_city.rows(t.definition, t.definition.c.process_id == LOOP)) == [1, 2]


def test_prepare_after_a_citys_own_version_leaves_it_the_newest(sqlite_city: Play) -> None:
    """An upgrade that ships the same process does not push a city's copy aside."""
    city = sqlite_city
    city.install(with_second_review())
    before = city.counts()
    url = city.engine.database.engine.url.render_as_string(hide_password=False)
    settings = Settings(url, city.engine.seal_file.with_name("keys"))
    done = prepare(settings, city.clock)
    assert (done.made_keys, done.revisions, done.policies, done.definitions) == (False, (), 0, 0)
    assert city.counts() == before


@pytest.mark.parametrize(
    "broken",
    [
        "<not-bpmn/>",
        shipped().replace('id="review"', 'id="draft"', 1),
        shipped().replace('targetRef="review"', 'targetRef="nowhere"'),
        shipped().replace("at_least(level, 'II')", "level &lt; 3"),
        shipped().replace('decision == "approve"', "__import__('os').system('true')", 1),
        PLAIN,
    ],
    ids=["no_bpmn", "double_id", "dangling", "level_compared", "python", "other_process"],
)
def test_definition_that_does_not_run_is_refused_with_findings(sqlite_city: Play, broken: str) -> None:
    """Nothing half-right is published, and the previous version stays in force."""
    with sqlite_city.refused("definition.refused", Rejected):
        sqlite_city.install(broken)
    assert sqlite_city.order("water")


def test_definition_without_a_form_it_asks_for_is_refused(sqlite_city: Play) -> None:
    """A step with an unknown form would take any answer unchecked."""
    with sqlite_city.refused("definition.no_form", Rejected) as refusal:
        sqlite_city.install(shipped(), forms={"draft": {"type": "object", "properties": {}}})
    assert "review" in refusal.value.params["forms"]


@pytest.mark.parametrize("form", [{"type": "string"}, {"type": "object", "properties": {"a": {"$ref": "http://x"}}}])
def test_definition_with_an_unsafe_form_is_refused(sqlite_city: Play, form: dict[str, object]) -> None:
    """A form that reaches outside or is none stops the whole version."""
    forms = {**definitions.read_source(SHIPPED.parent).forms, "issue": form}
    with sqlite_city.refused("form.unsafe", Rejected):
        sqlite_city.install(shipped(), forms=forms)


def test_definition_unpublished_or_of_the_future_is_not_started(sqlite_city: Play) -> None:
    """Only a published version in force starts; without one the refusal names the process and the remedy."""
    city = sqlite_city
    with city.refused("definition.not_published", NotFound):
        city.begin("unheard_of")
    later = city.install(with_second_review())

    def postpone(desk: Desk) -> None:
        desk.uow.execute(
            update(t.definition).where(t.definition.c.id == later).values(effective_from=desk.now + timedelta(days=1))
        )

    city.engine.command(postpone, SYSTEM_ACTOR)
    order = city.order("water")
    (instance,) = city.rows(t.process_instance, t.process_instance.c.subject_id == order)
    assert instance.definition_id != later


def test_order_is_bound_to_a_loop_version_only(sqlite_city: Play) -> None:
    """A process without the closed loop can never carry an order."""
    city = sqlite_city
    source = definitions.Source("plain", PLAIN.encode(), {})
    city.engine.command(definitions.install_version, SYSTEM_ACTOR, source, kind="plain")

    def bind(desk: Desk) -> None:
        found = published(desk, "plain")
        start(desk, found, {}, department_id="centre", subject=("directive", "any"))

    with city.refused("definition.not_a_loop", Rejected):
        city.engine.command(bind, SYSTEM_ACTOR)


def test_definition_stored_cannot_lose_its_bytes(sqlite_city: Play) -> None:
    """A running order keeps the version it began with, by id."""
    city = sqlite_city
    order = city.order("water")
    city.install(with_second_review())
    (instance,) = city.rows(t.process_instance, t.process_instance.c.subject_id == order)
    with city.engine.database.read(city.clock.now()) as uow:
        version = uow.execute(
            text("SELECT version FROM definition WHERE id = :id"), {"id": instance.definition_id}
        ).scalar_one()
    assert version == 1


def test_version_that_does_not_close_is_stored_with_why(sqlite_city: Play) -> None:
    """A certificate of a loop that is not proved says so, with the course that shows it."""
    id_ = sqlite_city.install(without_evaluate())
    proof = Proof.from_json(sqlite_city.row(t.definition, id_ or "").certificate)
    assert not proof.proved
    example = proof.counter_example("CL-01")
    assert example is not None
    assert example.element == "verify"
