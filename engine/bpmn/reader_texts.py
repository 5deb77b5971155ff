"""Text of a file that is evaluated: compiled and checked where it is read, a fault is a finding on its element."""

from __future__ import annotations

import re

from lxml.etree import _Element

from engine.bpmn.expressions import check_expression, spelling_of
from engine.bpmn.findings import Findings
from engine.bpmn.net import Expression
from engine.bpmn.tree import attribute

_FOREIGN = re.compile(r"groovy|script|python|ruby|feel|xslt|jruby|juel\s*\(", re.IGNORECASE)


def read_expression(
    text: str | None, element: _Element, where: str, findings: Findings, *, boolean: bool = False
) -> Expression | None:
    """The expression `text`; None where there is no text or, with a finding for each fault, it fails the check."""
    if text is None:
        return None
    spelling = spelling_of(text)
    faults = check_expression(text, spelling, None, boolean=boolean)
    for fault in faults:
        findings.error(fault.code, element, f"In {where}: {fault.message}")
    return None if faults else Expression(text, spelling)


def refuse_foreign_language(stated: _Element, text: str, element: _Element, findings: Findings) -> bool:
    """Whether `stated` is free of another language than ours; where not, `element` has a finding."""
    language = attribute(stated, "language") or ""
    if text.startswith("="):
        language = "FEEL"
    if not _FOREIGN.search(language):
        return True
    findings.unsupported(element, f"an expression in {language:.80}", "write it in the plain spelling or as ${…}")
    return False


def read_name(text: str | None, element: _Element, where: str, findings: Findings) -> str | None:
    """The variable name `text`; None where it is absent or, with a finding, where it cannot be a name."""
    if text is None:
        return None
    if text.isidentifier() and not text.startswith("_") and len(text) <= 80:
        return text
    findings.error("name.invalid", element, f"Expected a variable name as {where}, but found {text!r:.120}.")
    return None
