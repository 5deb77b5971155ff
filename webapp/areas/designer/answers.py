"""What the designer's page is told of a drawing: every finding with its place, its weight and its sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.bpmn.drawn import Drawn
from engine.bpmn.findings import Finding
from engine.bpmn.proof_terms import Proof
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


def proved(proof: Mapping[str, Any]) -> Answer:
    """A certificate with its verdicts and its findings in words; a counter-example says what is wrong where it ends."""
    findings = [on_element(finding) for finding in Proof.from_json(proof).findings]
    return {
        "proved": proof["proved"],
        "said": t("designer.proved" if proof["proved"] else "designer.not_proved", markings=proof["markings"]),
        "rules": [_on_rule(rule) for rule in proof["rules"]],
        "findings": findings,
        "counter_examples": [{**each, "said": _ending(each, findings)} for each in proof["counter_examples"]],
    }


def _on_rule(rule: Mapping[str, Any]) -> Answer:
    name = rule["rule"].partition("-")[2]
    return {
        **rule,
        "text": f"{rule['rule']} {t_or(f'designer.rule_{name}', '')}",
        "verdict_text": t(f"designer.verdict_{rule['verdict']}"),
    }


def _ending(course: Mapping[str, Any], findings: Iterable[Answer]) -> str:
    """The sentence of the finding that a course belongs to."""
    beginning = f"proof.{course['rule'].lower().replace('-', '_')}"
    mine = [each for each in findings if each["rule"].startswith(beginning)]
    same = [each for each in mine if each["element"] == course["element"]]
    return str((same or mine or [{"text": course["ending"]}])[0]["text"])
