from __future__ import annotations

import functools
import random

import pytest

from engine.bpmn.net import Net
from tests.properties.engine_player import EnginePlayer, read_net
from tests.properties.model_parts import Model
from tests.properties.reference_game import ReferenceGame
from tests.properties.rework_drawings import DRAWINGS, Drawing, answers, multi_instance, rework_model, verify_of
from tests.properties.walks import Move, facts_of, make, report

ORDERS = 5_000  # over the four drawings
CHUNKS = 5


@functools.cache
def _drawn(drawing: Drawing, departments: int) -> tuple[Model, Net]:
    model = rework_model(drawing, departments)
    return model, read_net(model.xml)


def _play(drawing: Drawing, seed: int) -> None:
    """One instance in a random order of completions, in both games, verified after every round."""
    chance = random.Random(seed)
    departments, rounds = chance.randint(2, 6), chance.randint(1, 10)
    model, net = _drawn(drawing, departments)
    verify, moves = verify_of(model), list[Move]()
    reference, engine = ReferenceGame(model.xml, model.variables), EnginePlayer(net, model.variables)
    while reference.outcome is None:
        waits = reference.open()
        assert waits, report(model, seed, moves, "stuck")
        keys = [wait.key for wait in waits]
        assert engine.facts()["open"] == keys, report(model, seed, moves, "other work items")
        verifying = any(node == verify for _, node, _ in keys)
        assert not verifying or len(keys) == 1, report(model, seed, moves, "verify came early")
        rounds -= verifying
        key = chance.choice(keys)
        moves.append(Move("done", key, values=answers(model, key[1], chance, again=rounds > 0)))
        make(reference, moves[-1])
        engine.move(moves[-1])
    expected = facts_of(reference)
    assert {name: expected[name] for name in engine.facts()} == engine.facts(), report(model, seed, moves, "other end")


@pytest.mark.parametrize("chunk", range(CHUNKS))
@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.__name__)
def test_rework_any_order_verifies_after_all_departments(drawing: Drawing, chunk: int) -> None:
    """In 5,000 random orders verify waits for every department of its round, nothing is stuck, the data is right."""
    count = ORDERS // len(DRAWINGS) // CHUNKS
    for seed in range(chunk * count, (chunk + 1) * count):
        _play(drawing, seed)


def _sizes(drawing: Drawing, rounds: int) -> tuple[int, int]:
    """Bytes of the state while verify is open in round 10, and in the last round."""
    model, net = _drawn(drawing, 3)
    verify, chance = verify_of(model), random.Random(0)
    engine = EnginePlayer(net, model.variables)
    sizes = []
    for number in range(1, rounds + 1):
        while (key := engine.facts()["open"][0])[1] != verify:
            engine.move(Move("done", key, values=answers(model, key[1], chance, again=True)))
        if number in (10, rounds):
            sizes.append(engine.size)
        everybody = {**model.variables, "again": True}
        engine.move(Move("done", key, values=everybody))
    return sizes[0], sizes[1]


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.__name__)
def test_state_after_a_thousand_rounds_is_as_small_as_after_ten(drawing: Drawing) -> None:
    """The state of a loop holds what is open and forgets what happened."""
    early, late = _sizes(drawing, 1_000)
    assert abs(late - early) <= 64


@pytest.mark.long
def test_state_after_ten_thousand_rounds_is_as_small_as_after_ten() -> None:
    """The same for the longest loop promised, in the drawing that opens most scopes."""
    early, late = _sizes(multi_instance, 10_000)
    assert abs(late - early) <= 64
