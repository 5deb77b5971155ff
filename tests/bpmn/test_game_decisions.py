"""Business rule and script nodes: decisions that travel with the net, shapes of results, faults, and linking."""

from __future__ import annotations

from typing import Any

import pytest

from engine.bpmn.decisions_link import link_decisions, missing_decisions
from engine.bpmn.decisions_model import Decisions
from engine.bpmn.decisions_reader import read_decisions
from engine.bpmn.net import Expression, Kind, Net
from engine.bpmn.net_codec import net_from_bytes, net_to_bytes
from tests.bpmn.changed import mapping, with_nodes
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram
from tests.bpmn.test_decisions import drawn, table

pytestmark = pytest.mark.fast

LEVELS = [(["< 10"], ['"low"', "1"]), (["[10..20)"], ['"mid"', "2"]), (["-"], ['"any"', "9"])]
TWO = table(LEVELS, "FIRST", ("level", "grade"))
ONE = table([(row[0], row[1][:1]) for row in LEVELS], "FIRST", ("level",))
MANY = table([(row[0], row[1][:1]) for row in LEVELS], "COLLECT", ("level",))


def graph(inside: str) -> Decisions:
    """The decisions of a file."""
    found, findings = read_decisions(drawn(inside))
    assert found is not None, findings
    return found


def deciding(inside: str, **fields: Any) -> Net:
    """A business rule node between a start and a user task, linked to the decision `d` of a file."""
    net = Diagram().start().user("rule", "a").flow("start > rule > a").net()
    net = with_nodes(net, rule={"kind": Kind.RULE, "decision": "d", "result": "found", **fields})
    return net_from_bytes(net_to_bytes(link_decisions(net, [graph(inside)])))


@pytest.mark.parametrize(
    ("inside", "fields", "written"),
    [
        (ONE, {}, {"found": "mid"}),
        (TWO, {}, {"found": {"level": "mid", "grade": 2}}),
        (TWO, {"result": None}, {"level": "mid", "grade": 2}),
        (MANY, {}, {"found": ["mid", "any"]}),
        (ONE, {"map_result": "singleEntry"}, {"found": "mid"}),
        (ONE, {"map_result": "singleResult"}, {"found": {"level": "mid"}}),
        (ONE, {"map_result": "collectEntries"}, {"found": ["mid"]}),
        (ONE, {"map_result": "resultList"}, {"found": [{"level": "mid"}]}),
        (MANY, {"map_result": "collectEntries"}, {"found": ["mid", "any"]}),
        (MANY, {"map_result": "resultList"}, {"found": [{"level": "mid"}, {"level": "any"}]}),
        (TWO, {"map_result": "singleEntry"}, {"found": "mid"}),
        (TWO, {"map_result": "resultList"}, {"found": [{"level": "mid", "grade": 2}]}),
        (ONE, {"result": None, "outputs": mapping(mine="decisionResult")}, {"mine": "mid"}),
        (ONE, {"inputs": mapping(amount="5"), "outputs": mapping(mine="found")}, {"mine": "low"}),
    ],
)
def test_decision_is_made_at_once_and_written_in_the_shape_asked_for(inside: str, fields: dict[str, Any], written: Any):
    """One output is a value, several an object, many rules a list; files of the Camunda family may ask for another."""
    course = Course(deciding(inside, **fields), amount=12)
    assert (course.open, course.variables) == (["a"], {"amount": 12} | written)


def test_decision_that_cannot_be_made_is_repaired_where_it_stands():
    """A null that stands for a fault is a step failure at the node; with the right value it decides."""
    unique = table([(["< 10"], ["1"]), (["< 20"], ["2"])])
    course = Course(deciding(unique), amount=5)
    assert (course.open, course.variables) == (["rule"], {"amount": 5})
    assert course.retry("rule", amount=15).variables == {"amount": 15, "found": 2}


def test_decision_decides_in_each_leg_over_what_the_leg_sees():
    """Rules in legs see the element; each leg has its own result."""
    diagram = Diagram().start().user("rule", over="amounts", element="amount", outputs=("all", "found")).user("a")
    net = with_nodes(
        diagram.flow("start > rule > a").net(), rule={"kind": Kind.RULE, "decision": "d", "result": "found"}
    )
    course = Course(link_decisions(net, [graph(ONE)]), amounts=[5, 12, 30])
    assert (course.open, course.variables["all"]) == (["a"], ["low", "mid", "any"])


def test_decision_in_a_loop_is_made_until_it_is_content():
    """A rule in a standard loop is over at once in each round, and the loop still ends."""
    diagram = Diagram().start().user("rule", repeat="loopCounter < 3").user("a").flow("start > rule > a")
    net = with_nodes(diagram.net(), rule={"kind": Kind.RULE, "decision": "d", "result": "found"})
    assert Course(link_decisions(net, [graph(ONE)]), amount=1).open == ["a"]


def test_decision_with_what_it_requires_travels_in_the_bytes_of_the_net():
    """A net that comes back from its bytes is equal, decides alike, and no XML is read for it."""
    model = (
        '<businessKnowledgeModel id="k" name="twice"><encapsulatedLogic><formalParameter name="x"/>'
        "<literalExpression><text>x * 2</text></literalExpression></encapsulatedLogic></businessKnowledgeModel>"
        '<inputData id="in" name="amount"/><decision id="d" name="D">'
        '<informationRequirement><requiredInput href="#in"/></informationRequirement>'
        '<knowledgeRequirement><requiredKnowledge href="#k"/></knowledgeRequirement>'
        "<literalExpression><text>twice(amount) + 1</text></literalExpression></decision>"
    )
    net = Diagram().start().user("rule", "a").flow("start > rule > a").net()
    net = link_decisions(with_nodes(net, rule={"kind": Kind.RULE, "decision": "d", "result": "r"}), [graph(model)])
    content = net_to_bytes(net)
    assert net_from_bytes(content) == net
    assert net_to_bytes(net_from_bytes(content)) == content
    assert Course(net_from_bytes(content), amount=4).variables["r"] == 9


def test_node_without_its_decision_is_named_and_proposed_as_a_persons():
    """Linking says which decisions are missing, and what is played until somebody brings them."""
    net = Diagram().start().user("rule", "a").flow("start > rule > a").net()
    net = with_nodes(net, rule={"kind": Kind.RULE, "decision": "other", "result": "r"})
    assert [node.id for node in missing_decisions(net, [graph(ONE)])] == ["rule"]
    assert Course(link_decisions(net, [graph(ONE)])).open == ["rule"]
    assert Course(link_decisions(net, [graph(ONE)])).complete("rule", r=1).open == ["a"]


def test_decision_that_is_missing_while_the_game_plays_is_a_failure_and_no_crash():
    """A net that nobody linked says what is missing at the node."""
    net = Diagram().start().user("rule", "a").flow("start > rule > a").net()
    assert Course(with_nodes(net, rule={"kind": Kind.RULE, "decision": "d"})).open == ["rule"]


def test_script_evaluates_its_outputs_one_after_the_other():
    """A script of ours is a list of expressions; each sees those before it; a fault is repaired at the node."""
    net = Diagram().start().user("script", "a").flow("start > script > a").net()
    outputs = ((Expression("=x + 1", "feel"), "y"), (Expression("y * 2"), "z"))
    net = with_nodes(net, script={"kind": Kind.SCRIPT, "outputs": outputs})
    assert Course(net, x=1).variables == {"x": 1, "y": 2, "z": 4}
    course = Course(net)
    assert course.open == ["script"]
    assert course.retry("script", x=2).variables == {"x": 2, "y": 3, "z": 6}
