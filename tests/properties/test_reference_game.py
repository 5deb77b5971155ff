from __future__ import annotations

import pytest

from tests.properties.faulty_games import FAULTY_GAMES, ReferencePlayer
from tests.properties.model_parts import SPIFF_STYLE, Model, Style
from tests.properties.models import random_model
from tests.properties.reference_game import ReferenceGame
from tests.properties.walks import Difference, walk

UNSTRUCTURED = Style(unstructured=2)
CONSTRUCTS = (
    *("exclusiveGateway", "parallelGateway", "inclusiveGateway", "boundaryEvent", "serviceTask", "receiveTask"),
    *("sendTask", "manualTask", "userTask", "intermediateCatchEvent", "intermediateThrowEvent", "subProcess"),
    *("multiInstanceLoopCharacteristics", "loopCardinality", "loopDataInputRef", "completionCondition"),
    *("errorEventDefinition", "terminateEventDefinition", "messageEventDefinition", "timeCycle", "timeDuration"),
    *("signalEventDefinition", "escalationEventDefinition", "conditionalEventDefinition", "linkEventDefinition"),
    *("compensateEventDefinition", "cancelEventDefinition", "errorEventDefinition", "eventBasedGateway"),
    *("complexGateway", "transaction", "adHocSubProcess", "standardLoopCharacteristics", "callActivity"),
    *('parallelMultiple="true"', 'isForCompensation="true"', 'ordering="Sequential"', "activationCondition"),
    *('isSequential="true"', 'cancelActivity="false"', 'triggeredByEvent="true"', 'isInterrupting="true"'),
)


def _models(count: int) -> list[Model]:
    return [random_model(seed, UNSTRUCTURED if seed % 3 == 0 else None) for seed in range(count)]


def test_random_model_same_seed_gives_the_same_drawing() -> None:
    """A seed printed with a failure leads back to the model that failed."""
    assert random_model(7, UNSTRUCTURED) == random_model(7, UNSTRUCTURED)


@pytest.mark.parametrize("style", [Style(), UNSTRUCTURED, SPIFF_STYLE], ids=["blocks", "unstructured", "spiff"])
def test_random_models_in_the_reference_game_come_to_an_end(style: Style) -> None:
    """The generator draws no model that gets stuck or never ends, so a stuck game is the game's fault."""
    for seed in range(200):
        walk(random_model(seed, style), seed)


def test_random_models_hold_every_construct() -> None:
    """Agreement of two games says something only about what the models contain."""
    drawn = "".join(model.xml for model in _models(200))
    assert [word for word in CONSTRUCTS if word not in drawn] == []


@pytest.mark.parametrize("faulty", FAULTY_GAMES, ids=lambda game: game.__name__)
def test_walk_against_a_faulty_game_finds_the_fault(faulty: type[ReferenceGame]) -> None:
    """A game with any one of these typical faults does not survive the random models."""
    with pytest.raises(Difference):
        _walk_all(faulty)


def _walk_all(game: type[ReferenceGame]) -> None:
    for model in _models(300):
        walk(model, model.seed, ReferencePlayer(game(model.xml, model.variables)))
