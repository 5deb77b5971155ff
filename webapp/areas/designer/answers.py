"""What the designer's page is told of a drawing: every finding with its place, its weight and its sentence."""

from __future__ import annotations

from typing import Any

from engine.bpmn.drawn import Drawn
from engine.bpmn.findings import Finding
from engine.forms import FormFinding
from webapp.findings import said
from webapp.text import t, t_or

Answer = dict[str, Any]


def told(drawn: Drawn) -> Answer:
    """The report on a whole drawing.

    Shape: `findings` are those of the diagram, `forms` those of each form by name with their field, `decisions` those
    of each file by name with their cell.
    """
    report = drawn.report
    return {
        "grade": report.grade,
        "grade_text": f"{t('library.grade_' + report.grade)} {t('library.grade_text_' + report.grade)}",
        "findings": [on_element(finding) for finding in report.findings],
        "second": t("library.second_" + report.opinion.verdict),
        "processes": list(report.processes),
        "forms": {name: [on_field(each) for each in found] for name, found in drawn.forms.items()},
        "decisions": {name: [on_element(each) for each in found] for name, found in drawn.decisions.items()},
    }


def on_element(finding: Finding) -> Answer:
    """A finding with its sentence and its weight in words."""
    found = finding.to_json()
    weight = "question" if finding.question else finding.severity
    return {**found, "weight": weight, "weight_text": t(f"library.severity_{weight}"), "text": said(found)}


def on_field(finding: FormFinding) -> Answer:
    """What is wrong with a field of a form."""
    return {"field": finding.field, "text": t_or(f"designer.form_{finding.rule}", finding.reason)}
