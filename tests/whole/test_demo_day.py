"""The scripted day: rich enough to show every turn a loop can take, and true to the city it plays in."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from engine.demo.city import City, build_city
from engine.demo.day import Day, build_day
from engine.domain.directive import DIRECTIVE_KINDS, ISSUE_MODES
from engine.domain.event_type import suggest
from engine.domain.signal import CHANNELS, Known, Signal, decide_signal
from engine.domain.sla import start_clock
from engine.geo import CellIndex
from engine.intake.cap import parse
from engine.profile import Profile, shipped_profile
from engine.services.suggesting import shipped_suggestions

pytestmark = pytest.mark.fast

TODAY = date(2026, 7, 1)


@pytest.fixture(scope="module")
def day() -> Day:
    """The script of the day the tests look at."""
    return build_day(TODAY)


@pytest.fixture(scope="module")
def city() -> City:
    """The city it plays in."""
    return build_city(TODAY)


@pytest.fixture(scope="module")
def profile() -> Profile:
    """The shipped types, tables and limits."""
    return shipped_profile()


def signal_of(arrival) -> Signal:
    """The signal of an arrival, an alert read as the CAP source reads it."""
    if arrival.signal is not None:
        return arrival.signal
    (signal,), findings = parse(arrival.content)
    assert findings == []
    return signal


def test_day_exceeds_what_the_demo_promises(day):
    """The figures the demo prints have room to spare."""
    orders = [order for scene in day.scenes for order in scene.orders]
    legs = [leg for order in orders for leg in order.legs]
    assert len(day.scenes) >= 44
    assert len({scene.event_type for scene in day.scenes}) >= 20
    assert {scene.level for scene in day.scenes} == {1, 2, 3, 4, None}
    assert len(orders) >= 66
    assert len(legs) >= 180
    assert len({leg.department for leg in legs}) >= 20
    assert sum(scene.is_closed for scene in day.scenes) >= 36
    assert sum(leg.is_late for leg in legs) >= 8
    assert sum(leg.is_rework for leg in legs) >= 6
    assert sum(leg.is_returned for leg in legs) >= 4
    assert sum(order.is_revised for order in orders) >= 3
    assert {order.waits_at for order in orders} == {None, "review", "sign", "handle", "verify", "evaluate"}


def test_day_is_the_same_every_time_and_moves_with_the_date(day):
    """One script for one date; another date changes instants only."""
    assert build_day(TODAY) == day
    later = build_day(TODAY + timedelta(days=1))
    assert [scene.orders for scene in later.scenes] == [scene.orders for scene in day.scenes]
    assert later.scenes[0].arrival.at - day.scenes[0].arrival.at == timedelta(days=1)


def test_day_runs_in_order_and_within_its_hours(day):
    """Incidents come in by time, early enough for the closed ones to close."""
    instants = [scene.arrival.at for scene in day.scenes]
    assert instants == sorted(instants)
    assert day.begins_at == instants[0]
    assert instants[-1] < day.ends_at - timedelta(hours=4)


def test_orders_go_to_departments_of_the_city(day, city, profile):
    """Every addressee exists, is named once per order, and the first one leads."""
    codes = {row.code for row in city.departments}
    types = {each.code: each for each in profile.event_types.values()}
    for scene in day.scenes:
        assert types[scene.event_type].is_graded == (scene.level is not None)
        for order in scene.orders:
            departments = [leg.department for leg in order.legs]
            assert 1 <= len(departments) <= 4
            assert set(departments) <= codes
            assert len(set(departments)) == len(departments)
            assert [leg.role for leg in order.legs] == ["lead"] + ["co"] * (len(departments) - 1)
            assert order.kind in DIRECTIVE_KINDS
            assert order.issue_mode in ISSUE_MODES


def test_arrivals_lie_in_the_cell_of_their_scene(day, city):
    """Intake finds by its point the cell the script means."""
    index = CellIndex((cell.id, cell.polygon_wkt) for cell in city.cells if cell.level == 4)
    for scene in day.scenes:
        signal = signal_of(scene.arrival)
        assert signal.longitude is not None
        assert signal.latitude is not None
        assert index.cell_at(signal.longitude, signal.latitude) == scene.cell_id


def test_arrivals_suggest_the_type_the_clerk_confirms(day):
    """The suggestion table and the script agree, so that the demo shows it at its best."""
    wrong = {
        scene.number: (suggest(signal_of(scene.arrival), shipped_suggestions()).event_type, scene.event_type)
        for scene in day.scenes
        if suggest(signal_of(scene.arrival), shipped_suggestions()).event_type != scene.event_type
    }
    assert wrong == {}


def test_signals_open_exactly_the_scenes(day):
    """Each scene's arrival opens an incident when it comes in; the others do what they are there for."""
    known: dict[tuple[str, str], Known] = {}
    arrivals = sorted([*(scene.arrival for scene in day.scenes), *day.others], key=lambda arrival: arrival.at)
    outcomes: Counter[str | None] = Counter()
    for arrival in arrivals:
        signal = signal_of(arrival)
        assert signal.channel in CHANNELS
        of_source = {id_: each for (source, id_), each in known.items() if source == signal.source}
        effect = decide_signal(signal, of_source, arrival.at).effect
        outcomes[effect.outcome] += 1
        if arrival.reason not in (None, "update"):
            assert effect.reason == arrival.reason
        if effect.reason != "duplicate":
            stored_as = effect.reason if effect.outcome == "stored" else None
            known[signal.source, signal.external_id] = Known(
                signal.external_id, signal.msg_type, signal.references, signal.reported_at, stored_as
            )
    assert outcomes == {"opens": len(day.scenes), "stored": 4, "updates": 1, "waits": 1}


def test_reporters_have_names_and_phones_of_their_own(day):
    """The byte search for personal data looks for these."""
    signals = [scene.arrival.signal for scene in day.scenes if scene.arrival.signal]
    named = [signal for signal in signals if signal.channel != "sensor"]
    assert len({signal.reporter_name for signal in named}) == len(named) > 20
    assert len({signal.reporter_phone for signal in named}) == len(named)
    wording = " ".join(order.objective + order.content for scene in day.scenes for order in scene.orders)
    assert not [signal for signal in named if signal.reporter_name in wording]


def test_paces_hold_against_the_limits_of_the_profile(day, profile):
    """A late signature passes the rung of 150 %, every other one is in time."""
    started = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
    for scene in day.scenes:
        policy = profile.policy(event_type=scene.event_type, level=scene.level, stage="sign_in").policy
        limit = start_clock(policy, profile.calendar_of(policy), started).due_at - started
        for leg in (leg for order in scene.orders for leg in order.legs):
            if leg.is_late:
                assert 1.5 * limit < leg.sign_after < 2 * limit
            else:
                assert leg.sign_after < limit
