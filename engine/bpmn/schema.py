"""The third step of an upload: what the BPMN 2.0 schema says of the tree, as warnings, never as refusals."""

from __future__ import annotations

import copy
from functools import lru_cache

from lxml.etree import _Element
from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator

from engine.bpmn.findings import Finding
from engine.bpmn.tree import MODEL

MOST_FINDINGS = 50
_NAMESPACE = f"{{{MODEL}}}"


@lru_cache(maxsize=1)
def _validator() -> BpmnValidator:
    return BpmnValidator()


def schema_findings(root: _Element) -> list[Finding]:
    """Where the tree departs from the schema, with lines; `root` stays as it is, the library works on a copy."""
    tree = copy.deepcopy(root)
    validator = _validator()
    validator.preprocess(tree)
    if validator.validator.validate(tree):
        return []
    return [
        Finding("schema", "warning", None, entry.line, entry.message.replace(_NAMESPACE, "")[:500])
        for entry in list(validator.validator.error_log)[:MOST_FINDINGS]
    ]
