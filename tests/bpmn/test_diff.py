"""The difference of two drawings: what a reviewer must look at, and nothing else."""

from __future__ import annotations

import json
import random

import pytest

from engine.bpmn.diff import Difference, diff_files
from tests.bpmn.drawing import END, START, chain, drawing, flow, task

pytestmark = pytest.mark.fast

TIMER = "<bpmn:timerEventDefinition><bpmn:timeDuration>{}</bpmn:timeDuration></bpmn:timerEventDefinition>"


def difference(before: str, after: str, beside: tuple[str, str] = ("", "")) -> Difference:
    """What differs between the insides of two processes."""
    return diff_files(drawing(before, beside[0]), drawing(after, beside[1]))


def test_difference_of_the_same_drawing_is_nothing() -> None:
    """Saving without a change shows no change, wherever on the canvas things stand."""
    assert difference(chain(task("a")), chain(task("a"))) == Difference()


def test_difference_names_what_was_added_and_removed() -> None:
    """A step put in between is one step and two flows more, and one flow less."""
    found = difference(chain(task("a")), chain(task("a"), task("b")))
    assert [item.id for item in found.added] == ["b", "a-b", "b-end"]
    assert [item.id for item in found.removed] == ["a-end"]
    assert found.changed == ()


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        (task("a", more='name="Look"'), task("a", more='name="Look twice"'), ("name", "Look", "Look twice")),
        (task("a"), task("a", more='cl:form="note"'), ("form", None, "note")),
        (
            task("w", TIMER.format("PT1H"), "intermediateCatchEvent"),
            task("w", TIMER.format("PT2H"), "intermediateCatchEvent"),
            ("timerEventDefinition/timeDuration", "PT1H", "PT2H"),
        ),
        (
            task("a", "<bpmn:documentation>old</bpmn:documentation>"),
            task("a", "<bpmn:documentation>new</bpmn:documentation>"),
            ("documentation", "old", "new"),
        ),
        (
            task("a", '<bpmn:extensionElements><x:y xmlns:x="urn:x" z="1"/></bpmn:extensionElements>'),
            task("a", '<bpmn:extensionElements><x:y xmlns:x="urn:x" z="2"/></bpmn:extensionElements>'),
            ("extensionElements/y/z", "1", "2"),
        ),
    ],
)
def test_difference_names_every_attribute_and_text_that_changed(
    before: tuple[str, str], after: tuple[str, str], where: tuple[str, str | None, str | None]
) -> None:
    """A reviewer sees a form, a deadline or a text that was exchanged, with what it was before."""
    (changed,) = difference(chain(before), chain(after)).changed
    assert (changed.id, changed.what) == (before[0], (where,))


def test_difference_of_a_condition_stands_on_its_flow() -> None:
    """Who goes which way is told on the way."""

    def split(condition: str) -> str:
        gateway = '<bpmn:exclusiveGateway id="g"/><bpmn:userTask id="a"/>'
        return START + END + gateway + flow("start", "g") + flow("g", "a", condition) + flow("a", "end")

    (changed,) = difference(split("x == 1"), split("x == 2")).changed
    assert (changed.id, changed.kind) == ("g-a", "sequenceFlow")
    assert changed.what == (("conditionExpression", "x == 1", "x == 2"),)


def test_difference_knows_a_renumbered_step_by_its_name_and_kind() -> None:
    """A tool that gives new ids on export does not make everything new."""
    found = difference(chain(task("a", more='name="Look"')), chain(task("Activity_1", more='name="Look"')))
    assert found == Difference()


def test_difference_of_a_step_of_another_kind_is_another_step() -> None:
    """A person's step that became a service is not merely changed."""
    found = difference(chain(task("a")), chain(task("a", kind="serviceTask", more='cl:operation="x"')))
    assert ([item.kind for item in found.removed], [item.kind for item in found.added]) == (
        ["userTask"],
        ["serviceTask"],
    )


def test_difference_looks_at_what_a_reference_leads_to() -> None:
    """A message called otherwise is a change of the step that waits for it; another id of the same message is none."""

    def waits(id: str) -> str:
        return chain(task("r", more=f'messageRef="{id}"', kind="receiveTask"))

    one, same, other = (
        f'<bpmn:message id="{id}" name="{name}"/>' for id, name in (("m", "go"), ("n", "go"), ("m", "stop"))
    )
    assert difference(waits("m"), waits("n"), (one, same)) == Difference()
    (changed,) = difference(waits("m"), waits("m"), (one, other)).changed
    assert changed.what == (("messageRef", "go", "stop"),)


def test_difference_turned_round_swaps_added_and_removed() -> None:
    """Whichever version is looked at first, the same is said; tried on drawings put together by chance."""
    chance = random.Random(5)
    for _ in range(100):
        one, other = (
            chain(*(task(f"t{n}", more=f'name="{chance.choice("xyz")}"') for n in chance.sample(range(6), 3)))
            for _ in range(2)
        )
        there, back = difference(one, other), difference(other, one)
        assert len(there.added) - len(there.removed) == len(back.removed) - len(back.added)
        assert len(there.changed) == len(back.changed)


def test_difference_as_json_is_what_the_pages_colour() -> None:
    """The shape of the API."""
    shown = difference(chain(task("a")), chain(task("a", more='name="Look"'))).to_json()
    assert json.loads(json.dumps(shown)) == {
        "added": [],
        "removed": [],
        "changed": [
            {
                "id": "a",
                "before_id": "a",
                "kind": "userTask",
                "name": "Look",
                "what": [{"where": "name", "before": None, "after": "Look"}],
            }
        ],
    }
