"""Dry runs: the shipped loop ends closed, a loop cut short says why, and everything a file awaits is given in order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.errors import NotFound, Rejected
from engine.services import drive
from engine.services.drive import Driven
from engine.services.drive_files import drive_file
from tests.processes.variants import SHIPPED, shipped, with_second_review, without_evaluate
from tests.services.play import drawing, node, path

KEYS = {"process", "outcome", "waits_for", "reason", "element", "steps", "trace", "frames"}


def run(folder: Path, text: str, **data: object) -> Driven:
    """Drive a text as a file of this folder."""
    file = folder / "it.bpmn"
    file.write_text(text, encoding="utf-8")
    return drive_file(file, None, data)


def completed_nodes(driven: Driven) -> list[str]:
    """The human nodes in the order they were completed."""
    return [line.removeprefix("complete ") for line in driven.trace if line.startswith("complete ")]


def test_shipped_loop_driven_completes() -> None:
    """The product's own process ends closed with its proposed answers."""
    driven = drive_file(SHIPPED, None, {})
    assert (driven.outcome, driven.reason, driven.waits_for) == ("completed", None, ())
    assert completed_nodes(driven)[:3] == ["draft", "review", "issue"]
    assert completed_nodes(driven)[-2:] == ["verify", "evaluate"]
    assert completed_nodes(driven).count("sign") == 2
    assert set(driven.to_json()) == KEYS
    assert json.loads(json.dumps(driven.to_json()))["outcome"] == "completed"


@pytest.mark.parametrize(
    ("data", "nodes"),
    [
        ({"level": 1}, {"cosign"}),
        ({"issue_mode": "oral_first"}, {"paper"}),
        ({"legs": ["water", "fire", "traffic"]}, set()),
        ({"level": None}, set()),
        ({"completion_rule": "lead", "legs": ["water", "fire"]}, set()),
        ({"completion_rule": "quorum", "legs": ["water", "fire", "traffic"]}, set()),
    ],
    ids=repr,
)
def test_shipped_loop_driven_with_other_variables_completes(data: dict[str, object], nodes: set[str]) -> None:
    """Every road through the process ends closed."""
    driven = drive_file(SHIPPED, "closed_loop_command", data)
    assert driven.outcome == "completed", driven.reason
    assert nodes <= set(completed_nodes(driven))


def test_loop_without_evaluate_driven_cannot_close(tmp_path: Path) -> None:
    """A drawing without the step shows at once that nothing closes: the move is refused by name."""
    driven = run(tmp_path, without_evaluate())
    assert driven.outcome == "failed"
    assert driven.reason is not None
    assert driven.reason.startswith("directive.not_evaluated")
    assert not any(line.startswith("end ") for line in driven.trace)


def test_loop_with_a_second_review_driven_is_reviewed_twice(tmp_path: Path) -> None:
    """One more node is one more step."""
    driven = run(tmp_path, with_second_review())
    assert driven.outcome == "completed", driven.reason
    assert completed_nodes(driven)[:4] == ["draft", "review", "review_again", "issue"]


def test_loop_without_close_driven_fails(tmp_path: Path) -> None:
    """An order left open when its process ends is told."""
    driven = run(tmp_path, shipped().replace('name="办结" cl:loop="close"', 'name="办结"'))
    assert driven.outcome == "failed"
    assert str(driven.reason).startswith("process.ends_with_open_subject")


def test_withdrawal_alone_driven_completes(tmp_path: Path) -> None:
    """A road that withdraws brings its reason, as a sender would."""
    text = drawing(
        "called_back",
        node("startEvent", "s")
        + node("userTask", "draft", 'cl:loop="draft"')
        + node("userTask", "review", 'cl:loop="review"')
        + node("userTask", "issue", 'cl:loop="issue"')
        + node("receiveTask", "wait", 'messageRef="stop"')
        + node("endEvent", "e", 'cl:action="withdraw"')
        + path("s", "draft", "review", "issue", "wait", "e"),
        '<bpmn:message id="stop" name="stop"/>',
    )
    driven = run(tmp_path, text)
    assert driven.outcome == "completed", driven.reason
    assert driven.trace[-2:] == ("message wait", "end called_back completed")


def test_drive_gives_tasks_then_messages_then_timers(tmp_path: Path) -> None:
    """Human work first, then the first awaited message, then the earliest timer."""
    timer = (
        '<bpmn:timerEventDefinition><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">{}</bpmn:timeDuration>'
        "</bpmn:timerEventDefinition>"
    )
    text = drawing(
        "all_kinds",
        node("startEvent", "s")
        + node("parallelGateway", "split")
        + node("intermediateCatchEvent", "late", inner=timer.format("PT9H"))
        + node("intermediateCatchEvent", "soon", inner=timer.format("PT1H"))
        + node("receiveTask", "hear", 'messageRef="m"')
        + node("userTask", "do")
        + node("serviceTask", "compute", 'cl:operation="sum"')
        + node("parallelGateway", "join")
        + node("endEvent", "e")
        + path("s", "split", "late", "join", "e")
        + "".join(path("split", each, "join") for each in ("soon", "hear", "do", "compute")),
        '<bpmn:message id="m" name="m"/>',
    )
    driven = run(tmp_path, text)
    assert driven.trace == (
        "operation sum", "complete do", "message hear", "timer soon", "timer late", "end all_kinds completed",
    )  # fmt: skip


def caller(of: str) -> str:
    """A process that calls another."""
    steps = node("startEvent", "s") + node("callActivity", "call", f'calledElement="{of}"') + node("endEvent", "e")
    return drawing("caller", steps + path("s", "call", "e"))


def test_call_driven_finds_files_of_the_same_folder(tmp_path: Path) -> None:
    """A module beside the file is played as part of it."""
    steps = node("startEvent", "s") + node("userTask", "inside") + node("endEvent", "e")
    (tmp_path / "any_name.bpmn").write_text(drawing("helping", steps + path("s", "inside", "e")))
    driven = run(tmp_path, caller("helping"))
    assert driven.outcome == "completed"
    assert driven.trace == ("call helping", "complete inside", "end helping completed", "end caller completed")


def test_call_driven_finds_the_shipped_catalogue(tmp_path: Path) -> None:
    """What ships with the product can be called from anywhere."""
    text = caller("closed_loop_command").replace(
        'calledElement="closed_loop_command">',
        'calledElement="closed_loop_command"><bpmn:extensionElements>'
        + "".join(
            f'<cl:in source="{source}" target="{target}"/>'
            for target, source in {
                "level": "3",
                "legs": "['water']",
                "issue_mode": "'normal'",
                "completion_rule": "'all'",
                "directive_id": "'d'",
            }.items()
        )
        + "</bpmn:extensionElements>",
    )
    driven = run(tmp_path, text)
    assert "call closed_loop_command" in driven.trace
    assert "complete draft" in driven.trace


def test_call_driven_without_its_process_waits_and_names_it(tmp_path: Path) -> None:
    """What is missing is told, not guessed."""
    driven = run(tmp_path, caller("nowhere"))
    assert (driven.outcome, driven.waits_for) == ("waiting", ("call call",))
    assert driven.trace == ("call nowhere",)


def test_endless_process_driven_stops_at_the_limit(tmp_path: Path) -> None:
    """A dry run always ends."""
    text = drawing(
        "endless",
        node("startEvent", "s")
        + node("exclusiveGateway", "merge")
        + node("userTask", "again")
        + node("exclusiveGateway", "judge", 'default="back"')
        + node("endEvent", "e")
        + path("s", "merge", "again", "judge")
        + '<bpmn:sequenceFlow id="back" sourceRef="judge" targetRef="merge"/>'
        + '<bpmn:sequenceFlow id="out" sourceRef="judge" targetRef="e">'
        + '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">false</bpmn:conditionExpression>'
        + "</bpmn:sequenceFlow>",
    )
    driven = run(tmp_path, text)
    assert (driven.outcome, driven.steps) == ("failed", drive.MOST_STEPS)
    assert str(drive.MOST_STEPS) in str(driven.reason)


def test_step_failure_driven_names_node_and_reason(tmp_path: Path) -> None:
    """A condition over a name nobody set is told with its gateway."""
    text = drawing(
        "stuck",
        node("startEvent", "s")
        + node("userTask", "a")
        + node("exclusiveGateway", "judge")
        + node("endEvent", "e")
        + node("endEvent", "e2")
        + path("s", "a", "judge")
        + "".join(
            f'<bpmn:sequenceFlow id="{to}_flow" sourceRef="judge" targetRef="{to}"><bpmn:conditionExpression '
            f'xsi:type="bpmn:tFormalExpression">depth == {n}</bpmn:conditionExpression></bpmn:sequenceFlow>'
            for n, to in enumerate(("e", "e2"))
        ),
    )
    driven = run(tmp_path, text, depth=7)
    assert (driven.outcome, driven.element) == ("failed", "judge")
    assert run(tmp_path, text, depth=1).outcome == "completed"


def test_drive_of_a_file_that_does_not_run_is_refused_with_findings(tmp_path: Path) -> None:
    """What cannot be read cannot be played, and the findings say where."""
    with pytest.raises(Rejected) as refusal:
        run(tmp_path, shipped().replace('targetRef="review"', 'targetRef="nowhere"'))
    assert refusal.value.code == "definition.refused"
    assert refusal.value.findings


def test_drive_of_an_unknown_process_names_the_known_ones() -> None:
    """A typing error is answered with what there is."""
    with pytest.raises(NotFound, match="closed_loop_command") as refusal:
        drive_file(SHIPPED, "closed_loop", {})
    assert refusal.value.code == "process.unknown"


def test_drive_takes_each_way_of_a_choice_in_turn(tmp_path: Path) -> None:
    """Where a file states no conditions the proposed person answers with one way after the other, so a loop ends."""
    text = drawing(
        "undecided",
        node("startEvent", "s")
        + node("userTask", "work")
        + node("exclusiveGateway", "g")
        + node("endEvent", "e")
        + path("s", "work", "g", "work")
        + path("g", "e"),
    )
    driven = run(tmp_path, text)
    assert (driven.outcome, driven.reason) == ("completed", None)
    assert completed_nodes(driven) == ["work", "g_choice", "work", "g_choice"]


def test_drive_opens_every_way_of_an_inclusive_choice_first(tmp_path: Path) -> None:
    """All ways of an inclusive gateway without conditions are seen in one dry run."""
    text = drawing(
        "several",
        node("startEvent", "s")
        + node("inclusiveGateway", "g")
        + node("userTask", "a")
        + node("userTask", "b")
        + node("inclusiveGateway", "join")
        + node("endEvent", "e")
        + path("s", "g", "a", "join", "e")
        + path("g", "b", "join"),
    )
    driven = run(tmp_path, text)
    assert driven.outcome == "completed", driven.reason
    assert completed_nodes(driven) == ["g_choice", "a", "b"]


def test_frames_tell_every_move_of_the_tokens(tmp_path: Path) -> None:
    """What is played on the diagram is what happened: each step with its cause, its flows, its answers, its waits."""
    body = node("startEvent", "s") + node("userTask", "a") + node("exclusiveGateway", "x", 'default="x_e"')
    body += node("userTask", "b") + node("endEvent", "e") + path("s", "a", "x", "e")
    asked = "<bpmn:conditionExpression>again == true</bpmn:conditionExpression>"
    body += node("sequenceFlow", "x_b", 'sourceRef="x" targetRef="b"', asked) + path("b", "e")
    driven = run(tmp_path, drawing("it", body), again=True)
    first, second, last = driven.frames
    assert (first["cause"], first["element"], first["entered"], first["waits"]) == ("start", "s", ["s", "a"], ["a"])
    assert (second["cause"], second["element"], second["left"]) == ("complete", "a", ["a", "x"])
    assert second["flows"] == ["a_x", "x_b"]
    assert (last["flows"], last["waits"], last["cancelled"]) == (["b_e"], [], [])
    assert driven.to_json()["frames"][1]["answers"] == {}


def test_frames_tell_what_was_cancelled_and_when(tmp_path: Path) -> None:
    """A timer that interrupts is a frame of its own, later on the clock, and names what it took away."""
    late = node("timerEventDefinition", "t", inner="<bpmn:timeDuration>P1D</bpmn:timeDuration>")
    body = node("startEvent", "s") + node("callActivity", "c", 'calledElement="nowhere"') + node("endEvent", "e")
    body += node("boundaryEvent", "b", 'attachedToRef="c"', late) + node("endEvent", "f")
    driven = run(tmp_path, drawing("it", body + path("s", "c", "e") + path("b", "f")))
    start, fired = driven.frames[0], driven.frames[-1]
    assert (fired["cause"], fired["element"], fired["cancelled"]) == ("timer_fired", "b", ["c"])
    assert (fired["flows"], fired["at"][:10], start["at"][:10]) == (["b_f"], "2026-01-06", "2026-01-05")


DMN = """<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="n">
<decision id="rank" name="rank"><variable id="v" name="rank"/><literalExpression id="l"><text>x + 1</text>
</literalExpression></decision></definitions>"""


def test_drive_decides_by_the_decisions_of_the_folder(tmp_path: Path) -> None:
    """A business rule finds its decision beside the file; without one a person does it, as proposed."""
    rule = '<bpmn:businessRuleTask id="r" cl:decision="rank" cl:result="n" xmlns:cl="urn:cityloop:bpmn:1"/>'
    text = drawing("p", node("startEvent", "s") + rule + node("endEvent", "e") + path("s", "r", "e"))
    assert completed_nodes(run(tmp_path, text, x=4)) == ["r"]
    (tmp_path / "rank.dmn").write_text(DMN, encoding="utf-8")
    driven = run(tmp_path, text, x=4)
    assert (driven.outcome, driven.variables["n"]) == ("completed", 5)


def test_drive_proposes_what_nobody_gave_and_tries_other_values(tmp_path: Path) -> None:
    """A file comes to its end without data: names are proposed, and proposed anew where a way needs others."""
    ways = "".join(
        f'<bpmn:sequenceFlow id="{to}_flow" sourceRef="judge" targetRef="{to}"><bpmn:conditionExpression>'
        f"{condition}</bpmn:conditionExpression></bpmn:sequenceFlow>"
        for condition, to in (("rank.depth == 7 and rank.depth != 7", "e"), ("kind == 'a' and not (kind == ok)", "e2"))
    )
    nodes = [node("startEvent", "s"), node("userTask", "a"), node("exclusiveGateway", "judge")]
    text = drawing(
        "p", "".join(nodes) + node("endEvent", "e") + node("endEvent", "e2") + path("s", "a", "judge") + ways
    )
    assert run(tmp_path, text).outcome == "completed"


def test_drive_leaves_a_loop_that_asks_for_more_each_time(tmp_path: Path) -> None:
    """What is proposed at a return differs from what was proposed before, so no loop lasts for ever."""
    back = (
        '<bpmn:sequenceFlow id="again" sourceRef="judge" targetRef="a"><bpmn:conditionExpression>missing'
        '</bpmn:conditionExpression></bpmn:sequenceFlow><bpmn:sequenceFlow id="out" sourceRef="judge" targetRef="e">'
        "<bpmn:conditionExpression>not missing</bpmn:conditionExpression></bpmn:sequenceFlow>"
    )
    nodes = [node("startEvent", "s"), node("userTask", "a"), node("exclusiveGateway", "judge"), node("endEvent", "e")]
    driven = run(tmp_path, drawing("p", "".join(nodes) + path("s", "a", "judge") + back))
    assert (driven.outcome, completed_nodes(driven)) == ("completed", ["a", "a"])
