"""Changing the version is no step: whoever is moved goes on as if nothing had happened."""

from __future__ import annotations

import pytest

from tests.properties.engine_player import read_net
from tests.properties.migrating_player import MigratingPlayer, turned
from tests.properties.model_parts import Style
from tests.properties.models import random_model
from tests.properties.walks import walk


def _play_all(first: int, count: int) -> None:
    for seed in range(first, first + count):
        model = random_model(seed, Style(unstructured=2) if seed % 3 == 0 else Style())
        net, other = read_net(model.xml), read_net(turned(model.xml))
        walk(model, seed, MigratingPlayer(net, other, model.variables))


@pytest.mark.parametrize("first", range(0, 200, 100))
def test_instances_migrated_after_every_move_play_as_the_reference(first: int) -> None:
    """A state taken to the same diagram, drawn in another order, opens, sends and ends as it would have done."""
    _play_all(first, 100)


@pytest.mark.long
@pytest.mark.parametrize("first", range(2_000_000, 2_004_000, 500))
def test_many_instances_migrated_after_every_move_play_as_the_reference(first: int) -> None:
    """The same on models that the default tier does not draw."""
    _play_all(first, 500)
