"""The pages of whoever tends running processes: they show what stands where, and every act asks why and is sure."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import Client

from engine.services import batches
from engine.storage import outbox
from engine.storage.tables import care as c
from engine.storage.tables import processes as t
from engine.storage.tables.outbox import outbox as outbox_table
from tests.services.play import drawing, node, path
from tests.services.test_calls import CHILD, PARENT
from tests.services.test_failures import FORK
from tests.services.test_migration import version
from tests.webapp.site import Site
from tests.webapp.test_attacks import hide


@pytest.fixture
def operator(site: Site) -> Client:
    """A tab of a process administrator of the centre."""
    site.city.appoint(site.city.newcomer("operator"), "centre", "admin")
    return site.client("operator")


def act(site: Site, tab: Client, path: str, **fields: Any) -> Any:
    """Send a form, sure and with a reason unless said otherwise."""
    return site.post(tab, path, {"reason": "checked by phone", "sure": "yes", **fields})


def test_instance_is_shown_with_its_tokens_variables_and_acts(site: Site, operator: Client) -> None:
    """Where it stands, what it knows, and who did what to it and why, on one page."""
    instance = site.city.play(version(), "road", depth=7)
    page = operator.get("/instances/").get_data(as_text=True)
    assert f"/instances/{instance}" in page
    assert "first" in page
    answer = act(site, operator, f"/instances/{instance}/act", act="suspend")
    assert answer.status_code == 302
    page = operator.get(f"/instances/{instance}").get_data(as_text=True)
    for told in ("depth", "checked by phone", "data-tokens='{\"first\": 1}'", 'value="resume"'):
        assert told in page
    assert f"/instances/{instance}" in operator.get("/instances/?which=suspended").get_data(as_text=True)


def test_act_is_refused_without_reason_or_certainty(site: Site, operator: Client) -> None:
    """A slip of the hand moves nothing, and what is done without saying why is not done."""
    instance = site.city.play(version(), "road")
    for fields in ({"sure": ""}, {"reason": ""}):
        assert act(site, operator, f"/instances/{instance}/act", act="cancel", **fields).status_code == 422
    assert site.city.is_running(instance)
    assert act(site, operator, f"/instances/{instance}/act", act="explode").status_code == 422


def test_token_is_moved_and_ended_instance_restarted(site: Site, operator: Client) -> None:
    """Move, cancel and begin anew by hand; the line between old and new is on both pages."""
    city = site.city
    instance = city.play(version(), "road")
    (item,) = city.items("first")
    act(site, operator, f"/instances/{instance}/act", act="move", wait=str(item.wait), node="second")
    assert [row.node_id for row in city.items()] == ["second"]
    act(site, operator, f"/instances/{instance}/act", act="cancel")
    answer = act(site, operator, f"/instances/{instance}/act", act="restart", variables="depth=9\nplace=bridge")
    new = answer.headers["Location"].rpartition("/")[2]
    assert new in operator.get(f"/instances/{instance}").get_data(as_text=True)
    page = operator.get(f"/instances/{new}").get_data(as_text=True)
    assert instance in page
    assert "bridge" in page


def test_failure_is_found_at_the_desk_and_repaired(site: Site, operator: Client) -> None:
    """What stopped is a row with its reason; with the right value it goes on."""
    city = site.city
    city.play(FORK, "fork", depth=70)
    (failure,) = city.rows(t.step_failure)
    assert "judge" in operator.get("/instances/failures").get_data(as_text=True)
    bad = act(
        site, operator, f"/instances/{failure.instance_id}/act", act="retry", wait=str(failure.wait), variables="depth"
    )
    assert bad.status_code == 422
    act(
        site,
        operator,
        f"/instances/{failure.instance_id}/act",
        act="retry",
        wait=str(failure.wait),
        variables="depth=120",
    )
    assert sorted(item.node_id for item in city.items()) == ["beside", "high"]


def test_letter_nobody_took_is_tried_again_by_hand(site: Site, operator: Client) -> None:
    """What a channel or a receiver refused to the end stands at the desk, and goes out again when told to."""
    city = site.city
    with city.engine.database.write(city.clock.now()) as uow:
        outbox.put(uow, "sms.out", "sms-1", {"id": "1"})
        (message,) = outbox.claim(uow, 1, timedelta(minutes=1))
        assert outbox.failed(uow, message, "line_broken", most_attempts=1)
    page = operator.get("/instances/failures").get_data(as_text=True)
    assert "sms.out" in page
    assert "line_broken" in page
    path = f"/instances/letters/outbox-{message.id}"
    assert site.post(operator, path, {}).status_code == 302
    assert [row.state for row in city.rows(outbox_table)] == ["waiting"]
    assert site.post(operator, path, {}).status_code == 404


def test_migration_is_previewed_and_done_by_a_batch(site: Site, operator: Client) -> None:
    """Who can move and who cannot is seen before anything moves; progress and failures are on the page of the batch."""
    city = site.city
    old = city.install(version(), "road")
    instance = city.begin("road")
    new = city.install(version("begin"), "road")
    page = operator.get(f"/instances/migration/{old}?target={new}").get_data(as_text=True)
    assert 'name="node-first"' in page
    assert instance in page
    page = operator.get(f"/instances/migration/{old}?target={new}&node-first=begin").get_data(as_text=True)
    assert 'value="begin" selected' in page
    answer = act(site, operator, f"/instances/migration/{old}", target=new, **{"node-first": "begin"})
    batch = answer.headers["Location"]
    while batches.run_batches(city.engine):
        pass
    assert city.row(t.process_instance, instance).definition_id == new
    assert "1 of 1" in operator.get(batch).get_data(as_text=True)
    assert batch in operator.get("/instances/batches").get_data(as_text=True)


def test_batch_is_ordered_from_the_list_paused_and_resumed(site: Site, operator: Client) -> None:
    """Several processes are suspended at once, and the batch waits when told to."""
    city = site.city
    instances = [city.play(version(), "road"), city.begin("road")]
    answer = act(site, operator, "/instances/batches", act="suspend", instance=instances)
    path = answer.headers["Location"]
    assert site.post(operator, path, {"step": "pause"}).status_code == 302
    assert [row.state for row in city.rows(c.batch)] == ["paused"]
    site.post(operator, path, {"step": "resume"})
    while batches.run_batches(city.engine):
        pass
    assert all(row.suspended_at for row in city.rows(t.process_instance))


def test_personal_answers_are_not_shown_to_whoever_tends(site: Site, operator: Client) -> None:
    """An operator sees that there is a name, not whose."""
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "caller": {"type": "string", "maxLength": 40, "x-cl-personal": True},
            "depth": {"type": "integer"},
        },
    }
    ask = drawing(
        "ask_caller",
        node("startEvent", "s")
        + node("userTask", "ask", 'cl:form="caller"')
        + node("userTask", "after")
        + node("endEvent", "e")
        + path("s", "ask", "after", "e"),
    )
    instance = site.city.play(ask, "ask_caller", {"caller": schema})
    site.city.complete(site.city.items("ask")[0], "centre.drafter", caller="Mr Li", depth=3)
    page = operator.get(f"/instances/{instance}").get_data(as_text=True)
    assert "caller" in page
    assert "Mr Li" not in page


def test_case_is_not_read_by_way_of_its_process(site: Site, operator: Client) -> None:
    """Whoever repairs a process sees what its conditions look at, and no word of the order it carries."""
    order = site.city.issued("water")
    instance = site.city.order_row(order).instance_id
    page = operator.get(f"/instances/{instance}").get_data(as_text=True)
    assert "completion_rule" in page
    assert "Close the road and pump" not in page
    assert "Stop the flood" not in page


def test_called_process_of_a_secret_case_shows_no_value_either(site: Site, operator: Client) -> None:
    """What a secret case knows is handed to the processes it calls, and read at none of them."""
    city = site.city
    city.install(CHILD, "child")
    caller = city.play(PARENT, "parent", amount=4216)
    (child,) = city.rows(t.process_instance, t.process_instance.c.parent_instance_id == caller)
    assert "4217" in operator.get(f"/instances/{child.id}").get_data(as_text=True)
    case = city.city.incident()
    hide(city, case)
    (of_case,) = city.rows(t.process_instance, t.process_instance.c.subject_id == case)
    called = t.process_instance.update().where(t.process_instance.c.id == child.id)
    with city.engine.database.write(city.clock.now()) as uow:
        uow.execute(called.values(parent_instance_id=of_case.id))
    page = operator.get(f"/instances/{child.id}").get_data(as_text=True)
    assert "given" in page
    assert "4217" not in page


def test_instances_of_other_departments_are_not_there(site: Site) -> None:
    """An administrator of one bureau finds nothing of the centre."""
    site.city.appoint(site.city.newcomer("other"), "water", "admin")
    tab = site.client("other")
    instance = site.city.play(version(), "road")
    assert instance not in tab.get("/instances/").get_data(as_text=True)
    assert tab.get(f"/instances/{instance}").status_code == 404
    assert act(site, tab, f"/instances/{instance}/act", act="cancel").status_code == 404
