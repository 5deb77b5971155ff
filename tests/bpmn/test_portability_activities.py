"""What the second reader is not asked about: activities and gateways it would run otherwise than the standard says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.bpmn.net import Kind
from engine.bpmn.portability import unportable
from tests.bpmn.changed import mapping, with_nodes
from tests.bpmn.diagram import Diagram
from tests.bpmn.test_game_adhoc import plan
from tests.bpmn.test_game_compensation import trip
from tests.bpmn.test_game_complex_gateways import voting
from tests.bpmn.test_game_loops import looped

pytestmark = pytest.mark.fast


def cancelled() -> Diagram:
    """A transaction that is cancelled."""
    diagram = Diagram().start().end()
    with diagram.transaction("t"):
        diagram.start("in").user("a").end("no", cancel="").flow("in > a > no")
    return diagram.boundary("c", "t", cancel="").end("off").flow("start > t > end", "c > off")


@pytest.mark.parametrize(
    ("draw", "reason"),
    [
        (lambda: looped(most=2), "a standard loop (a)"),
        (lambda: voting("activationCount >= 1"), "a complex node (enough)"),
        (lambda: plan(), "an ad-hoc sub-process (plan)"),
        (lambda: cancelled(), "a transaction (t)"),
        (lambda: trip(), "an activity that compensates (undo_hotel)"),
    ],
)
def test_second_reader_cannot_judge_what_it_runs_otherwise(draw: Callable[[], Diagram], reason: str) -> None:
    """Its verdict is *cannot*, naming the first construct it gets wrong (bpmn.md 3, rows 11 to 13)."""
    assert unportable(draw().net()) == reason


@pytest.mark.parametrize("kind", [Kind.RULE, Kind.SCRIPT])
def test_second_reader_cannot_judge_work_it_does_in_another_language(kind: Kind) -> None:
    """Decisions and scripts are Python there."""
    net = Diagram().start().user("a").end().flow("start > a > end").net()
    assert unportable(with_nodes(net, a={"kind": kind})) == f"a {kind.value} node (a)"


def test_second_reader_cannot_judge_mappings_it_does_not_read() -> None:
    """Inputs and outputs change what conditions see."""
    net = Diagram().start().user("a").end().flow("start > a > end").net()
    assert unportable(with_nodes(net, a={"outputs": mapping(x="1")})) == "a node with input or output mappings (a)"
    assert unportable(net) is None
