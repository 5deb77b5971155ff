"""The bytes of states and values: they come back as they were, and nothing but them is ever taken for a state."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.bpmn import state as codec
from engine.bpmn.net_codec import net_from_bytes
from engine.bpmn.state import VERSION, State, state_from_bytes, state_to_bytes, values_from_bytes, values_to_bytes
from engine.errors import Rejected
from tests.bpmn.course import Course
from tests.bpmn.golden import FOLDER, GOLDEN, path

pytestmark = pytest.mark.fast

_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.binary(max_size=20),
    st.datetimes(timezones=_ZONES | st.just(UTC)),
    st.dates(),
    st.timedeltas(),
    st.decimals(allow_nan=False),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text("abc_", max_size=5), inner, max_size=5),
    max_leaves=20,
)
NUMBERS = st.integers(0, 2**40)


@st.composite
def states(draw: st.DrawFn) -> State:
    """Any state, also one no drawing leads to."""
    state = State()
    state.next_id = draw(NUMBERS)
    state.live = draw(NUMBERS)
    state.outcome = draw(st.sampled_from([None, "completed", "terminated", "error", "cancelled"]))
    state.variables = draw(st.dictionaries(st.text("abc", max_size=3), VALUES, max_size=4))
    extras = st.none() | st.text("abc", max_size=5) | st.lists(NUMBERS, min_size=3, max_size=3)
    waits = st.tuples(st.integers(0, 5), NUMBERS, NUMBERS, st.integers(-1, 99), extras)
    state.waits = draw(st.dictionaries(NUMBERS, waits, max_size=4))
    layers = st.none() | st.dictionaries(st.text("abc", max_size=3), VALUES, max_size=3)
    scope = st.tuples(NUMBERS, NUMBERS, st.integers(-1, 9), NUMBERS, layers, NUMBERS, NUMBERS).map(list)
    state.scopes = draw(st.dictionaries(NUMBERS, scope, max_size=3))
    lists = st.none() | st.lists(VALUES, max_size=3)
    body = st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, lists, lists).map(list)
    state.bodies = draw(st.dictionaries(NUMBERS, body, max_size=3))
    flows = st.dictionaries(NUMBERS, st.integers(1, 9), max_size=3)
    state.joins = draw(st.dictionaries(st.tuples(NUMBERS, NUMBERS), flows, max_size=3))
    return state


@given(VALUES)
def test_values_come_back_as_they_were(value: Any) -> None:
    """Answers are stored and read back without a change of kind or value, offsets of instants included."""
    found = values_from_bytes(values_to_bytes(value))
    assert found == value
    assert _kinds(found) == _kinds(value)


def _kinds(value: Any) -> Any:
    if isinstance(value, list):
        return [_kinds(each) for each in value]
    if isinstance(value, dict):
        return {name: _kinds(each) for name, each in value.items()}
    return (type(value), value.utcoffset()) if isinstance(value, datetime) else type(value)


@given(states())
def test_states_come_back_as_they_were(state: State) -> None:
    """Every part of a state is in its bytes, in the order it has in the state."""
    found = state_from_bytes(state_to_bytes(state))
    for name in State.__slots__:
        assert getattr(found, name) == getattr(state, name), name
    for name in ("waits", "scopes", "bodies", "joins", "variables"):
        assert list(getattr(found, name)) == list(getattr(state, name)), name
    assert found == state
    assert state_to_bytes(found) == state_to_bytes(state)


@given(states())
def test_copy_of_a_state_shares_nothing_that_a_step_changes(state: State) -> None:
    """A step works on a copy; what was handed out stays as it was."""
    before = state_to_bytes(state)
    twin = state.copy()
    assert twin == state
    twin.variables["new"] = twin.waits[1] = twin.scopes[2] = twin.bodies[3] = 1  # type: ignore[assignment]
    for flows in twin.joins.values():
        flows[0] = flows.get(0, 0) + 1
    assert state_to_bytes(state) == before


@pytest.mark.parametrize("version", [0, VERSION + 1, 255])
def test_state_of_an_unknown_version_is_refused_before_it_is_decoded(version: int, monkeypatch) -> None:
    """Bytes of another release are not guessed at: the refusal says which version was found."""
    monkeypatch.setattr(codec, "values_from_bytes", lambda content: pytest.fail("decoded"))
    stored = bytearray(state_to_bytes(State()))
    stored[2] = version
    with pytest.raises(Rejected) as refusal:
        state_from_bytes(bytes(stored))
    assert refusal.value.code == "state.version"
    assert refusal.value.params["version"] == version


@pytest.mark.parametrize("content", [b"", b"C", b"CS", b"CS\x01", b"PK\x03\x04", b"\x80\x04K\x01.", b'{"a": 1}'])
def test_bytes_that_are_no_state_are_refused_before_they_are_decoded(content: bytes, monkeypatch) -> None:
    """Whatever else stands in the column, it is not unpacked."""
    monkeypatch.setattr(codec, "values_from_bytes", lambda content: pytest.fail("decoded"))
    with pytest.raises(Rejected) as refusal:
        state_from_bytes(content)
    assert refusal.value.code == "state.version"


@pytest.mark.parametrize("name", GOLDEN)
def test_state_that_is_cut_anywhere_is_refused(name: str) -> None:
    """A truncated row is a named refusal at every length, never another exception and never half an instance."""
    stored = path(name, "state").read_bytes()
    for length in range(len(stored)):
        with pytest.raises(Rejected, match=r"^state\."):
            state_from_bytes(stored[:length])
    with pytest.raises(Rejected, match=r"^state\.broken"):
        state_from_bytes(stored + b"\x00")


@given(st.data())
def test_state_with_changed_bytes_is_read_or_refused_but_never_fails(data: st.DataObject) -> None:
    """Flipped bits and foreign bytes lead to a state or to Rejected (that they were changed, the ledger tells)."""
    stored = bytearray(path(data.draw(st.sampled_from(sorted(GOLDEN))), "state").read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        stored[data.draw(st.integers(3, len(stored) - 1))] = data.draw(st.integers(0, 255))
    _read(bytes(stored))


@given(st.binary(min_size=1, max_size=200))
def test_garbage_behind_a_good_head_is_read_or_refused_but_never_fails(content: bytes) -> None:
    """The letters and the version of a state do not make the rest one."""
    _read(b"CS" + bytes((VERSION,)) + content)


def _read(content: bytes) -> None:
    with suppress(Rejected):
        assert isinstance(state_from_bytes(content), State)


@pytest.mark.parametrize(
    "plain",
    [
        None,
        [],
        [1, None, 0, {}, [], [], []],
        [1, None, 0, {}, 5, [], [], []],
        [1, None, 0, {}, [[1]], [], [], []],
        [1, None, 0, {}, [[[], 1, 2, 3, 4, 5]], [], [], []],
        [1, None, 0, {}, [], [{}], [], []],
        [1, None, 0, {}, [], [], [], [[1]]],
    ],
)
def test_whole_values_that_are_no_state_are_refused(plain: Any) -> None:
    """Well-formed bytes of something else are refused as broken."""
    with pytest.raises(Rejected) as refusal:
        state_from_bytes(b"CS" + bytes((VERSION,)) + msgpack.packb(plain))
    assert refusal.value.code == "state.broken"


@pytest.mark.parametrize("code", [0, 5, 77, 127])
def test_value_of_an_unknown_kind_is_refused(code: int) -> None:
    """A kind of value this release does not know is not dropped in silence."""
    with pytest.raises(Rejected) as refusal:
        values_from_bytes(msgpack.packb(msgpack.ExtType(code, b"x")))
    assert refusal.value.code == "state.version"


def _deep(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, 1 + 2j, 2**64, -(2**63) - 1, datetime(2026, 3, 2), _deep(2_000), "\ud800", re.compile("x")],  # noqa: DTZ001
    ids=["object", "set", "complex", "large", "small", "naive", "deep", "half a character", "pattern"],
)
def test_value_that_cannot_be_stored_is_refused_by_name(value: Any) -> None:
    """An answer is stored as it is or refused; nothing is stored as something else."""
    for nested in (value, {"answers": [value]}):
        with pytest.raises(Rejected) as refusal:
            values_to_bytes(nested)
        assert refusal.value.code in ("state.value", "state.naive_instant")


def test_kinds_of_values_keep_their_bytes() -> None:
    """The codec of stored values does not change under a city's feet (codec version 1)."""
    value = [datetime(2026, 3, 2, 8, tzinfo=UTC), date(2026, 3, 2), timedelta(minutes=1), Decimal("1.50"), 2**63]
    assert values_to_bytes(value).hex() == (
        "95c71901323032362d30332d30325430383a30303a30302b30303a3030c70a02323032362d30332d3032"
        "d7033630303030303030d604312e3530cf8000000000000000"
    )


@pytest.mark.parametrize("kept", sorted(file.name for file in FOLDER.glob("*.state.bin")))
def test_golden_state_loads_goes_on_and_finishes(kept: str) -> None:
    """An instance stored by this or an earlier codec version plays on, with the net that was stored with it."""
    name, version, *_ = kept.split(".")
    golden = GOLDEN[name]
    stored = path(name, "state", int(version)).read_bytes()
    net = net_from_bytes(path(name, "net", int(version)).read_bytes())
    course = Course.resume(net, stored, like=golden.reached())
    golden.finish(course)
    assert course.outcome == "completed"


def test_golden_states_of_every_version_are_there_and_known() -> None:
    """A file of a version that is read no longer must go together with its upgrade step, never alone."""
    found = {file.name for file in FOLDER.glob("*.state.bin")}
    assert found >= {path(name, "state").name for name in GOLDEN}
    for file in FOLDER.glob("*.state.bin"):
        assert state_from_bytes(file.read_bytes()).waits
