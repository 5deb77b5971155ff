from __future__ import annotations

import dataclasses

import pytest

from tests.properties.engine_player import EnginePlayer, read_net
from tests.properties.model_parts import SPIFF_STYLE, Style
from tests.properties.models import random_model
from tests.properties.spiff_player import SpiffPlayer
from tests.properties.walks import Difference, walk

LONG_SEEDS = 1_000_000  # where the seeds of the long tier begin
UNSTRUCTURED = Style(unstructured=2)


def _style(seed: int) -> Style:
    return UNSTRUCTURED if seed % 3 == 0 else Style()


def _play_in_the_engine(seed: int, style: Style) -> None:
    model = random_model(seed, style)
    walk(model, seed, EnginePlayer(read_net(model.xml), model.variables))


def _play_in_spiff(seed: int) -> None:
    model = random_model(seed, SPIFF_STYLE)
    walk(model, seed, SpiffPlayer(model.xml))


def _play_all(first: int, count: int) -> None:
    """Plays the models of the seeds from `first` on. Raises: Difference, in the smallest model found for it."""
    for seed in range(first, first + count):
        try:
            _play_in_the_engine(seed, _style(seed))
        except Difference as difference:
            raise _smaller(seed) or difference from None


def _smaller(seed: int) -> Difference | None:
    """A difference in a model with fewer elements, among those of the next seeds."""
    for budget in range(4, 22, 3):
        for other in range(seed, seed + 100):
            try:
                _play_in_the_engine(other, dataclasses.replace(_style(seed), budget=budget))
            except Difference as difference:
                return difference
    return None


@pytest.mark.parametrize("first", range(0, 1_000, 100))
def test_random_models_in_the_engine_play_as_the_reference(first: int) -> None:
    """On 1,000 random models and plays the engine opens, sends, writes and ends as the standard says."""
    _play_all(first, 100)


@pytest.mark.long
@pytest.mark.parametrize("first", range(LONG_SEEDS, LONG_SEEDS + 20_000, 1_000))
def test_many_random_models_in_the_engine_play_as_the_reference(first: int) -> None:
    """The same on 20,000 models that the default tier does not draw."""
    _play_all(first, 1_000)


@pytest.mark.parametrize("first", range(0, 200, 100))
def test_random_blocks_in_spiffworkflow_play_as_the_reference(first: int) -> None:
    """On 200 models of constructs that SpiffWorkflow runs rightly the reference game agrees with that third party."""
    for seed in range(first, first + 100):
        _play_in_spiff(seed)


@pytest.mark.parametrize("first", range(0, 200, 100))
def test_random_blocks_in_the_engine_play_as_in_spiffworkflow(first: int) -> None:
    """On the same models and plays the engine offers what SpiffWorkflow offers."""
    for seed in range(first, first + 100):
        _play_in_the_engine(seed, SPIFF_STYLE)


@pytest.mark.long
@pytest.mark.parametrize("first", range(LONG_SEEDS, LONG_SEEDS + 5_000, 1_000))
def test_many_random_blocks_play_alike_in_all_three_games(first: int) -> None:
    """The same on 5,000 more models, all three games side by side."""
    for seed in range(first, first + 1_000):
        _play_in_spiff(seed)
        _play_in_the_engine(seed, SPIFF_STYLE)
