"""Every thing of a file has one fate, and an independent census over real files finds none that was forgotten."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from engine.bench import census_count
from engine.bench.census import forgotten
from engine.bench.census_count import census
from engine.bpmn.check import Report, check
from engine.bpmn.fates import UNKNOWN, count_fates
from engine.bpmn.net import Expression
from tests.bpmn.drawing import END, START, chain, drawing, flow, task

SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "bpmn"
FILES = sorted(path for path in SHARED.glob("*/**/*") if path.is_file()) if SHARED.is_dir() else []
TIMER = "<bpmn:timerEventDefinition><bpmn:timeDuration>PT2H</bpmn:timeDuration></bpmn:timerEventDefinition>"


def fate_of(report: Report, name: str, element: str | None = None) -> tuple[str, str]:
    """The fate of the first thing called `name`, on `element` where one is given."""
    return next((f.fate, f.detail) for f in report.fates if f.name == name and element in (None, f.element))


@pytest.mark.fast
def test_fates_of_what_is_drawn_are_executed() -> None:
    """Nodes, flows, timers and conditions that the net holds are executed."""
    split = (
        '<bpmn:exclusiveGateway id="g" default="no"/><bpmn:userTask id="a"/>'
        + task("t", TIMER, "intermediateCatchEvent")[1]
    )
    ways = (
        flow("start", "t")
        + flow("t", "g")
        + flow("g", "a", "amount &gt; 3")
        + flow("a", "end")
        + flow("g", "end", id="no")
    )
    report = check(drawing(START + END + split + ways))
    assert report.grade == "runs"
    assert {fate.fate for fate in report.fates} == {"executed"}
    assert Counter(fate.kind for fate in report.fates) == {"node": 5, "flow": 5, "event": 1, "expression": 2}
    assert report.to_json()["fates"] == {"executed": 13, "rewritten": 0, "documentation": 0, "asked": 0, "refused": 0}


@pytest.mark.fast
def test_fate_of_a_vendors_word_is_what_was_made_of_it() -> None:
    """A word that is taken over is rewritten; one of no engine is documentation."""
    more = f'camunda:assignee={quoteattr("${clerk}")} xmlns:tool="urn:tool" tool:colour="red"'
    report = check(drawing(chain(task("a", more=more))))
    assert fate_of(report, "{http://camunda.org/schema/1.0/bpmn}assignee")[0] == "rewritten"
    assert fate_of(report, "{urn:tool}colour") == ("documentation", "a word of no engine")


@pytest.mark.fast
def test_fate_of_a_condition_by_xpath_is_rewritten_whether_it_has_an_id_or_not() -> None:
    """A change is noted on the element it was made in, which may be the condition itself and not its flow."""
    split = (
        START + END + '<bpmn:exclusiveGateway id="g" default="no"/>' + flow("start", "g") + flow("g", "end", id="no")
    )
    condition = "bpmn:getDataObject('approved')"
    for inside in (split + flow("g", "end", condition, "yes"), split + _identified(flow("g", "end", condition, "yes"))):
        report = check(drawing(inside + '<bpmn:dataObject id="d" name="approved"/>'))
        assert report.nets["p"].flows[-1].condition == Expression("approved")
        assert fate_of(report, "conditionExpression") == ("rewritten", "XPath as an expression of ours")
        assert report.grade == "runs"


def _identified(flow_of_a_condition: str) -> str:
    return flow_of_a_condition.replace("<bpmn:conditionExpression", '<bpmn:conditionExpression id="c"')


@pytest.mark.fast
def test_fate_of_what_is_asked_or_refused_follows_the_finding() -> None:
    """A script is asked about with its task; what is inside a refused node is refused with it."""
    script = task("s", "<bpmn:script>import os</bpmn:script>", "scriptTask")
    report = check(drawing(chain(script)))
    assert fate_of(report, "scriptTask") == ("asked", "task.script")
    assert fate_of(report, "script") == ("asked", "task.script")
    timer = "<bpmn:timerEventDefinition><bpmn:timeDuration>-PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>"
    asked = check(drawing(chain(task("a", timer, "intermediateCatchEvent"))))
    assert fate_of(asked, "timeDuration") == ("asked", "timer.invalid")
    broken = check(drawing(chain(task("a", "", "choreographyTask"))))
    assert fate_of(broken, "sequenceFlow", "start-a")[0] == "refused"


@pytest.mark.fast
def test_fate_of_a_node_no_start_reaches_is_asked() -> None:
    """An island is neither run nor dropped without a word: somebody says that it may stay."""
    report = check(drawing(chain(task("a")) + '<bpmn:userTask id="island"/>'))
    assert report.grade == "answers"
    assert fate_of(report, "userTask", "island") == ("asked", "node.unreachable")


@pytest.mark.fast
def test_fate_of_what_nothing_reads_is_a_question() -> None:
    """What we do not know of is no silent loss, even in a file nobody has seen yet."""
    beside = '<bpmn:correlationProperty id="cp"><bpmn:dataPath>order.id</bpmn:dataPath></bpmn:correlationProperty>'
    report = check(drawing(chain(task("a")), beside))
    known = fate_of(report, "dataPath")
    assert known[0] != "executed"
    assert (known == ("asked", UNKNOWN)) == any(finding.rule == UNKNOWN for finding in report.findings)


@pytest.mark.fast
def test_fate_of_what_another_engine_runs_is_asked_while_its_task_is_executed() -> None:
    """A listener is neither run nor forgotten, wherever it stands, and says nothing against the task that has it."""
    listener = '<bpmn:extensionElements><camunda:executionListener class="x.Y"/></bpmn:extensionElements>'
    payload = '<bpmn:extensionElements><camunda:in source="a" target="b"/></bpmn:extensionElements>'
    signal = f'<bpmn:signalEventDefinition signalRef="s">{payload}</bpmn:signalEventDefinition>'
    inside = chain(task("a", listener), task("e", signal, "intermediateThrowEvent"))
    report = check(drawing(inside, '<bpmn:signal id="s" name="alarm"/>'))
    assert report.grade == "answers"
    camunda = "{http://camunda.org/schema/1.0/bpmn}"
    assert fate_of(report, f"{camunda}executionListener") == ("asked", "vendor.not_run")
    assert fate_of(report, f"{camunda}in") == ("asked", "vendor.not_run")
    assert {fate_of(report, kind)[0] for kind in ("userTask", "signalEventDefinition")} == {"executed"}


@pytest.mark.fast
def test_fate_of_a_role_of_the_standard_is_ours() -> None:
    """Who may do a task is no documentation: an owner becomes a candidate, a performer the assignee."""
    role = "<bpmn:{0}><bpmn:resourceAssignmentExpression><bpmn:formalExpression>{1}</bpmn:formalExpression>"
    role += "</bpmn:resourceAssignmentExpression></bpmn:{0}>"
    inside = role.format("potentialOwner", "user(li), group(fire)") + role.format("humanPerformer", "${clerk}")
    report = check(drawing(chain(task("a", inside))))
    node = report.nets["p"].node("a")
    assert [each.source for each in node.candidates] == ['"li"', '"fire"']
    assert node.assignee is not None
    assert node.assignee.source == "${clerk}"
    assert fate_of(report, "formalExpression") == ("rewritten", "potentialOwner as cl:candidates")


@pytest.mark.fast
def test_fate_of_a_correlation_of_the_standard_is_asked() -> None:
    """Whom a message reaches is no documentation: a designer who correlates by paths learns that they do not work."""
    bound = '<bpmn:correlationPropertyBinding id="b" correlationPropertyRef="k"><bpmn:dataPath>order.id</bpmn:dataPath>'
    inside = (
        f'<bpmn:correlationSubscription id="s">{bound}</bpmn:correlationPropertyBinding></bpmn:correlationSubscription>'
    )
    report = check(drawing(chain(task("a")) + inside, '<bpmn:correlationProperty id="k"/>'))
    assert report.grade == "answers"
    assert fate_of(report, "dataPath") == ("asked", "message.correlation")


@pytest.mark.fast
def test_fates_are_as_many_as_the_census_counts() -> None:
    """The two walks name the same things of a file with foreign words at every depth."""
    inside = (
        '<bpmn:extensionElements><camunda:executionListener event="end">'
        '<camunda:script scriptFormat="js">1</camunda:script>'
        '<x:deep xmlns:x="@odd;1" x:lang="de"/></camunda:executionListener></bpmn:extensionElements>'
    )
    content = drawing(chain(task("a", inside)) + "<!-- said --><bpmn:textAnnotation/>")
    report = check(content)
    assert sum(count_fates(report.fates).values()) == len(census(content))
    assert forgotten(content, report) == Counter()


@pytest.mark.fast
def test_census_shares_no_code_with_the_reading() -> None:
    """Two walks that agree say something only if neither leans on the other."""
    text = Path(census_count.__file__).read_text("utf-8")
    assert not re.search(r"^(from|import) (engine|lxml|tests|webapp)", text, re.MULTILINE)


def _census_of(files: list[Path]) -> tuple[Counter[str], dict[str, Counter[tuple[str, str, str]]]]:
    """Fates of the flow nodes of files that run, and what was forgotten in each file."""
    nodes: Counter[str] = Counter()
    lost: dict[str, Counter[tuple[str, str, str]]] = {}
    for path in files:
        content = path.read_bytes()
        report = check(content)
        if missing := forgotten(content, report):
            lost[path.name] = missing
        if report.grade == "runs":
            nodes.update(fate.fate for fate in report.fates if fate.kind == "node")
    return nodes, lost


@pytest.mark.shared_data
@pytest.mark.skipif(not FILES, reason="the shared files are not here")
def test_census_of_a_sample_of_real_files_finds_nothing_forgotten() -> None:
    """Twenty tools and three engines: each thing of their files has a fate that something accounts for."""
    nodes, lost = _census_of(FILES[::12])
    assert lost == {}
    assert nodes["documentation"] <= 0.01 * nodes.total()


@pytest.mark.long
@pytest.mark.shared_data
@pytest.mark.skipif(not FILES, reason="the shared files are not here")
def test_census_of_every_real_file_finds_nothing_forgotten() -> None:
    """The same over all of them."""
    nodes, lost = _census_of(FILES)
    assert lost == {}
    assert nodes["documentation"] <= 0.01 * nodes.total()
