"""Random models: the proof finds no fault where there is none, and whatever playing at random runs into."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.bpmn import state as s
from engine.bpmn.effects import NodeEntered
from engine.bpmn.game import advance
from engine.bpmn.net import Kind, Net
from engine.bpmn.proof_model import Model as ProofModel
from engine.bpmn.proof_soundness import soundness
from engine.bpmn.proof_space import Explorer, Space
from engine.bpmn.proof_stimuli import Called
from engine.bpmn.stimuli import BroadcastArrived, Complete, MessageArrived, OperationDone, Start, TimerFired
from engine.errors import EngineError
from tests.properties.engine_player import read_net
from tests.properties.model_parts import Model, Style
from tests.properties.models import random_model

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SMALL = Style(budget=9)
FAULTS = {"cl_10_deadlock", "cl_10_endless", "cl_10_restless"}
HAPPENED = {
    s.TIMER: TimerFired, s.MESSAGE: MessageArrived, s.BROADCAST: BroadcastArrived, s.OPERATION: OperationDone,
}  # fmt: skip


def explored(net: Net, *, thorough: bool = False, most: int = 3_000) -> Space:
    """The markings of a net bound to nothing."""
    model = ProofModel(net, {})
    return Explorer(model, lambda node: Called(), subject=None, most=most, seconds=20, thorough=thorough).run()


def faults(net: Net, space: Space) -> set[str]:
    """What is found on a net, data and dead nodes aside."""
    return {found.code for found in soundness(net, [space], "plain")} & FAULTS


def play(net: Net, model: Model, seed: int, entered: set[int]) -> str | None:
    """One play of the ordinary game with random answers: the code of the step it refuses, None where it ends."""
    dice = random.Random(seed)
    try:
        step = advance(net, None, Start(None, model.variables), NOON)
        for _ in range(60):
            entered.update(effect.node for effect in step.effects if isinstance(effect, NodeEntered))
            waits = [each for each in step.state.waits.items() if each[1][0] in (s.ITEM, *HAPPENED)]
            if step.state.outcome is not None or not waits:
                return None
            wait, record = dice.choice(waits)
            step = advance(net, step.state, _stimulus(net, model, dice, wait, record), NOON)
        return None
    except EngineError as error:
        return error.code


def _stimulus(net: Net, model: Model, dice: random.Random, wait: int, record: Any) -> Any:
    if record[0] in HAPPENED:
        return HAPPENED[record[0]](wait)
    writes = model.writes.get(net.nodes[record[1]].id, ())
    return Complete(wait, {write.name: dice.choice(write.values) for write in writes})


def joined_otherwise(net: Net, seed: int) -> Net | None:
    """The net with one merging gateway of another kind; None where it has none."""
    dice = random.Random(seed)
    merges = [
        node
        for node in net.nodes
        if node.kind in (Kind.EXCLUSIVE, Kind.PARALLEL) and len(node.incoming) > 1 and len(node.outgoing) == 1
    ]
    if not merges:
        return None
    chosen = dice.choice(merges)
    other = Kind.PARALLEL if chosen.kind is Kind.EXCLUSIVE else Kind.EXCLUSIVE
    nodes = tuple(replace(node, kind=other) if node.index == chosen.index else node for node in net.nodes)
    return replace(net, nodes=nodes)


@pytest.mark.parametrize(
    "first", [0, 20, pytest.param(40, marks=pytest.mark.long), pytest.param(60, marks=pytest.mark.long)]
)
def test_sound_random_model_has_no_fault_and_every_node_said_dead_is(first: int) -> None:
    """Nested blocks come to an end by construction; a node that some play enters is not called dead."""
    for seed in range(first, first + 10):
        model = random_model(seed, SMALL)
        net = read_net(model.xml)
        space = explored(net)
        assert faults(net, space) == set(), seed
        entered: set[int] = set()
        for turn in range(12):
            assert play(net, model, turn, entered) is None, (seed, turn)
        assert not space.complete or entered <= space.entered, (
            seed,
            [net.nodes[i].id for i in entered - space.entered],
        )


@pytest.mark.parametrize(
    "first", [1_015, *(pytest.param(each, marks=pytest.mark.long) for each in (1_000, 1_030, 1_060))]
)
def test_wrong_join_is_found_whenever_a_play_runs_into_it(first: int) -> None:
    """A join of another kind is found at least where playing at random gets stuck at it, and by no shortcut missed."""
    stuck = 0
    for seed in range(first, first + 15):
        model = random_model(seed, SMALL)
        net = joined_otherwise(read_net(model.xml), seed)
        if net is None:
            continue
        space = explored(net)
        found = faults(net, space)
        plays = {play(net, model, turn, set()) for turn in range(15)}
        if "game.stalled" in plays:
            stuck += 1
            assert found, seed
        thorough = explored(net, thorough=True, most=1_000)
        if space.complete and thorough.complete:
            assert bool(found) == bool(faults(net, thorough)), seed
            assert found or space.entered == thorough.entered, seed
    assert stuck > 0
