"""Forms that a file draws itself: fields of the step, or JSON of the process, become schemas that can be filled in."""

from __future__ import annotations

import json

import pytest

from engine.bpmn.beside import Beside
from engine.bpmn.check import check, report_from_json, report_to_json
from engine.bpmn.upload import check_upload
from engine.forms import check_answers, compile_form, example_answers
from tests.bpmn.drawing import chain, drawing, task
from tests.bpmn.test_normalise_vendor import extended

pytestmark = pytest.mark.fast

DRAWN = extended(
    '<camunda:formData><camunda:formField id="customerName" label="Customer" type="string" defaultValue="Li">'
    '<camunda:validation><camunda:constraint name="required"/><camunda:constraint name="maxlength" config="40"/>'
    '</camunda:validation></camunda:formField><camunda:formField id="amount" type="long"/>'
    '<camunda:formField id="kind" type="enum" defaultValue="${k}"><camunda:value id="a" name="A"/>'
    '<camunda:value id="b" name="B"/></camunda:formField></camunda:formData>'
)
LISTED = extended(
    '<flowable:formProperty id="late" name="Late?" type="boolean" required="true" default="true"/>'
    '<flowable:formProperty id="day" type="date" writable="false"/>'
)
BUNDLED = {
    "components": [
        {"type": "text", "text": "# Title"},
        {"type": "number", "key": "n", "label": "Number", "validate": {"required": True, "min": 3}},
        {"type": "select", "key": "pick", "values": [{"label": "A", "value": "a"}]},
    ]
}


def test_fields_of_a_step_become_its_form() -> None:
    """Names, types, labels, limits, choices and defaults are carried over; an expression is no default."""
    report = check(drawing(chain(task("t", DRAWN, more='name="Ask"'))))
    assert report.grade == "runs"
    assert report.nets["p"].node("t").form == "t_form"
    assert report.forms["t_form"] == {
        "type": "object",
        "title": "Ask",
        "properties": {
            "customerName": {"type": "string", "title": "Customer", "maxLength": 40, "default": "Li"},
            "amount": {"type": "integer"},
            "kind": {"type": "string", "enum": ["a", "b"]},
        },
        "required": ["customerName"],
    }
    assert ("t", "camunda:formData as cl:form") in [(each.element, each.what) for each in report.changes]


def test_properties_of_a_step_become_its_form() -> None:
    """Flowable and Activiti list one property beside the other."""
    report = check(drawing(chain(task("t", LISTED))))
    assert report.forms["t_form"]["properties"] == {
        "late": {"type": "boolean", "title": "Late?", "default": True},
        "day": {"type": "string", "format": "date", "readOnly": True},
    }
    assert example_answers(report.forms["t_form"]) == {"late": True}


def test_form_of_camunda_8_in_the_file_is_found_by_its_step() -> None:
    """The JSON in the process is the form that the step's key names."""
    bundled = extended(f'<zeebe:userTaskForm id="f1">{json.dumps(BUNDLED)}</zeebe:userTaskForm>')
    named = extended('<zeebe:formDefinition formKey="camunda-forms:bpmn:f1"/>')
    report = check(drawing(bundled + chain(task("t", named))), beside=Beside())
    assert (report.grade, report.nets["p"].node("t").form) == ("runs", "f1")
    assert check_answers(compile_form(report.forms["f1"]), {"n": 3, "pick": "a"}) == {"n": 3, "pick": "a"}


@pytest.mark.parametrize("name", ["a.b", "", "9", "_x"])
def test_form_with_a_field_that_ours_cannot_hold_stays_as_it_is(name: str) -> None:
    """Half a form would lose answers; it is asked about instead."""
    drawn = extended(f'<camunda:formData><camunda:formField id="{name}" type="string"/></camunda:formData>')
    report = check(drawing(chain(task("t", drawn))))
    assert report.forms == {}
    assert report.grade == "answers"


@pytest.mark.parametrize("text", ["{", "[]", '{"components": 5}', '{"components": [{"type": "number"}]}'])
def test_broken_bundled_form_is_left_alone(text: str) -> None:
    """A form that cannot be read raises nothing."""
    bundled = extended(f'<zeebe:userTaskForm id="f1">{text}</zeebe:userTaskForm>')
    assert check(drawing(bundled + chain(task("t")))).forms == {}


def test_forms_of_a_file_travel_with_its_report_and_its_upload() -> None:
    """What is stored of an upload holds the forms its steps ask for; a form that came beside the file wins."""
    content = drawing(chain(task("t", DRAWN)))
    report = check(content)
    assert report_from_json(json.loads(json.dumps(report_to_json(report)))).forms == report.forms
    upload = check_upload({"it.bpmn": content}, {})
    assert (upload.reports["it.bpmn"].grade, upload.forms) == ("runs", dict(report.forms))
    own = {"type": "object", "properties": {"x": {"type": "string"}}}
    beside = check_upload({"it.bpmn": content, "t_form.json": json.dumps(own).encode()}, {})
    assert beside.forms == {"t_form": own}
