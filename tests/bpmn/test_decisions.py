"""Decisions of DMN: what each hit policy answers, what requirements bring along, what is refused at reading."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.bpmn.decisions import Decided, decide
from engine.bpmn.decisions_reader import NAMESPACES, read_decisions
from engine.bpmn.expressions import ExpressionError
from engine.errors import NotFound
from engine.safe_xml import UnsafeXml

pytestmark = pytest.mark.fast

NOW = datetime(2026, 5, 1, 8, 0, tzinfo=UTC)
LATEST = "https://www.omg.org/spec/DMN/20230324/MODEL/"


def drawn(inside: str, namespace: str = LATEST) -> bytes:
    """A DMN file with that inside."""
    return f'<definitions xmlns="{namespace}" id="file" name="file">{inside}</definitions>'.encode()


def escaped(text: str) -> str:
    """The text inside an element."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


def cell(kind: str, text: str, id: str = "") -> str:
    """An element with a text."""
    return f'<{kind} id="{id}"><text>{escaped(text)}</text></{kind}>'


def table(
    rows: list[tuple[list[str], list[str]]],
    policy: str = "UNIQUE",
    outputs: tuple[str, ...] = ("",),
    inputs: tuple[str, ...] = ("amount",),
    type: str = "",
) -> str:
    """The decision `d` with one table; an output is `name` or `name|values`."""
    columns = "".join(
        f'<input id="i{n}"><inputExpression typeRef="{type}"><text>{escaped(text)}</text></inputExpression></input>'
        for n, text in enumerate(inputs)
    )
    for place, output in enumerate(outputs):
        name, _, values = output.partition("|")
        listed = cell("outputValues", values) if values else ""
        columns += f'<output id="o{place}" name="{name}">{listed}</output>'
    rules = ""
    for place, (tests, answers) in enumerate(rows, 1):
        cells = [cell("inputEntry", test, f"r{place}i{n}") for n, test in enumerate(tests)]
        cells += [cell("outputEntry", answer, f"r{place}o{n}") for n, answer in enumerate(answers)]
        rules += f'<rule id="r{place}">{"".join(cells)}</rule>'
    name, _, aggregation = policy.partition("+")
    how = f'hitPolicy="{name}"' + (f' aggregation="{aggregation}"' if aggregation else "")
    return f'<decision id="d" name="D"><decisionTable id="t" {how}>{columns}{rules}</decisionTable></decision>'


def decided(inside: str, names: dict[str, Any], decision: str = "d", namespace: str = LATEST) -> Decided:
    """What the file decides."""
    graph, findings = read_decisions(drawn(inside, namespace))
    assert graph is not None, findings
    return decide(graph, decision, names, NOW)


LEVELS = [(["< 10"], ['"low"']), (["[10..20)"], ['"mid"']), ([">= 15"], ['"high"'])]


@pytest.mark.parametrize("namespace", NAMESPACES)
def test_table_of_every_version_of_dmn_decides(namespace: str) -> None:
    """The six namespaces in use are one language."""
    assert decided(table(LEVELS), {"amount": 12}, namespace=namespace).value == "mid"


@pytest.mark.parametrize(
    ("policy", "amount", "outputs", "value"),
    [
        ("UNIQUE", 5, ("",), "low"),
        ("UNIQUE", 17, ("",), None),
        ("ANY", 17, ("",), None),
        ("FIRST", 17, ("",), "mid"),
        ("PRIORITY", 17, ('|"high", "mid", "low"',), "high"),
        ("OUTPUT ORDER", 17, ('|"high", "mid", "low"',), ["high", "mid"]),
        ("RULE ORDER", 17, ("",), ["mid", "high"]),
        ("COLLECT", 17, ("",), ["mid", "high"]),
        ("COLLECT", 5, ("",), ["low"]),
        ("COLLECT+COUNT", 17, ("",), 2),
        ("COLLECT+MIN", 17, ("",), "high"),
        ("COLLECT+MAX", 17, ("",), "mid"),
        ("UNIQUE", None, ("",), None),
    ],
)
def test_hit_policy_says_what_several_matches_mean(
    policy: str, amount: int | None, outputs: tuple[str, ...], value: Any
) -> None:
    """Each policy of DMN, and what it makes of rules that overlap."""
    assert decided(table(LEVELS, policy, outputs), {"amount": amount}).value == value


def test_broken_policy_is_named_with_the_rules_that_broke_it() -> None:
    """Two matches where one may be is null, a fault, and both rules by id."""
    found = decided(table(LEVELS), {"amount": 17})
    assert [fault.code for fault in found.faults] == ["expression.decision_not_unique"]
    assert found.rules == {"d": ("r2", "r3")}
    differing = decided(table(LEVELS, "ANY"), {"amount": 17})
    assert [fault.code for fault in differing.faults] == ["expression.decision_not_any"]
    agreeing = table([(["> 1"], ["7"]), (["> 2"], ["5 + 2"])], "ANY")
    assert decided(agreeing, {"amount": 3}).value == 7


def test_sum_and_several_outputs() -> None:
    """SUM adds what matches; several outputs are one context by name."""
    rows = [(["> 1"], ["1.5"]), (["> 2"], ["amount"]), (["> 9"], ["100"])]
    assert decided(table(rows, "COLLECT+SUM"), {"amount": 3}).value == 4.5
    assert decided(table(rows, "COLLECT+SUM"), {"amount": 0}).value is None
    assert decided(table(rows, "COLLECT+COUNT"), {"amount": 0}).value == 0
    several = table([(["-"], ['"a"', "amount * 2"])], outputs=("kind", "twice"))
    assert decided(several, {"amount": 3}).value == {"kind": "a", "twice": 6}


def test_default_answers_where_no_rule_matches() -> None:
    """An output may say what holds else."""
    inside = table(LEVELS[:1]).replace(
        'name=""></output>', 'name="">' + cell("defaultOutputEntry", '"none"') + "</output>"
    )
    assert decided(inside, {"amount": 12}).value == "none"


def test_input_outside_its_allowed_values_is_a_fault() -> None:
    """A value nobody allowed is no silent miss."""
    inside = table(LEVELS).replace("</inputExpression>", "</inputExpression>" + cell("inputValues", "[0..15]"))
    assert decided(inside, {"amount": 12}).value == "mid"
    assert [fault.code for fault in decided(inside, {"amount": 18}).faults] == ["expression.decision_input_value"]


REQUIREMENTS = """
<inputData id="data" name="Water Level"><variable name="Water Level"/></inputData>
<businessKnowledgeModel id="model" name="to metres"><encapsulatedLogic>
  <formalParameter name="cm"/><literalExpression><text>cm / 100</text></literalExpression>
</encapsulatedLogic></businessKnowledgeModel>
<decision id="depth" name="Depth Now"><variable name="Depth Now"/>
  <informationRequirement><requiredInput href="#data"/></informationRequirement>
  <knowledgeRequirement><requiredKnowledge href="#model"/></knowledgeRequirement>
  <literalExpression><text>to metres(Water Level)</text></literalExpression></decision>
<decision id="d" name="Grade">
  <informationRequirement><requiredDecision href="#depth"/></informationRequirement>
  <informationRequirement><requiredInput href="#data"/></informationRequirement>
  <literalExpression><text>if Depth Now &gt; 0.4 then "II" else "III"</text></literalExpression></decision>
"""


def test_requirements_are_decided_first() -> None:
    """Decisions and functions behind a decision bring their values under their names, with spaces."""
    assert decided(REQUIREMENTS, {"Water Level": 45}).value == "II"
    assert decided(REQUIREMENTS, {"Water Level": 45}, "depth").value == 0.45
    assert decided(REQUIREMENTS, {"Water Level": 30}).value == "III"


def test_decision_without_data_reads_the_variables_of_the_process() -> None:
    """Files that draw no input data, as most do, still see what they require beside the variables."""
    inside = REQUIREMENTS.replace('<informationRequirement><requiredInput href="#data"/></informationRequirement>', "")
    assert decided(inside, {"Water Level": 45}).value == "II"


@pytest.mark.parametrize(
    ("inside", "rule", "element"),
    [
        (table([(["< "], ["1"])]), "expression.syntax", "r1i0"),
        (table([(["1"], ["shout(1)"])]), "expression.unknown_function", "r1o0"),
        (table([(['"a"'], ["1"])], type="number"), "dmn.type", "r1i0"),
        (table([(["1", "2"], ["1"])]), "dmn.rule", "r1"),
        (table(LEVELS, "SOMETIMES"), "dmn.hit_policy", "t"),
        (table(LEVELS, "PRIORITY"), "dmn.priority", "t"),
        (table(LEVELS, "FIRST+SUM"), "dmn.aggregation", "t"),
        (table([(["1"], ["1", "2"])], outputs=("a", "a")), "dmn.output", "t"),
        (table(LEVELS).replace("inputExpression", "inputText"), "dmn.input", "i0"),
        ('<decision id="d"><context/></decision>', "unsupported", "d"),
        ("", "dmn.empty", "file"),
        (REQUIREMENTS.replace("Water Level)", "Water)"), "expression.unknown_name", None),
        (REQUIREMENTS.replace('"#model"', '"#nowhere"'), "dmn.reference", None),
        (
            REQUIREMENTS.replace('<requiredInput href="#data"/>', '<requiredDecision href="#d"/>', 1),
            "dmn.cycle",
            "depth",
        ),
        (
            table(LEVELS).replace("<inputExpression", '<inputExpression expressionLanguage="groovy"'),
            "unsupported",
            None,
        ),
    ],
)
def test_file_that_is_not_understood_has_a_finding_on_its_element(inside: str, rule: str, element: str | None) -> None:
    """What would fail or differ at run time is said at upload, on the cell, rule, column or decision."""
    graph, findings = read_decisions(drawn(inside))
    assert graph is None
    assert (rule, element) in [(finding.rule, finding.element) for finding in findings], findings
    assert all(finding.line for finding in findings)


def test_file_of_another_kind_is_refused() -> None:
    """A DMN file is one by its root and its namespace; entities are not looked at."""
    for content in (b"<definitions/>", b"<!DOCTYPE x><x/>", drawn("", "http://example.invalid/dmn")):
        with pytest.raises(UnsafeXml):
            read_decisions(content)


def test_unknown_decision_is_refused_and_values_cannot_change() -> None:
    """A misspelt id is named; what was read stays as it was read."""
    graph, _ = read_decisions(drawn(table(LEVELS)))
    assert graph is not None
    with pytest.raises(NotFound):
        decide(graph, "other", {}, NOW)
    with pytest.raises(FrozenInstanceError):
        graph.decisions["d"].name = "other"  # type: ignore[misc]


def test_table_cannot_outrun_its_budget() -> None:
    """All cells of a decision share one budget of steps."""
    rows = [(["count(for i in 1..900 return ? + i) > 0"], ["1"])] * 40
    with pytest.raises(ExpressionError) as refusal:
        decided(table(rows, "COLLECT"), {"amount": 1})
    assert refusal.value.code == "expression.too_many_steps"
