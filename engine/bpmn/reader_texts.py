"""Text of a file that is evaluated: compiled and checked where it is read, a fault is a finding on its element."""

from __future__ import annotations

import re

from lxml.etree import _Element

from engine.bpmn.expressions import check_expression, spelling_of
from engine.bpmn.findings import Findings
from engine.bpmn.net import Expression, Spelling
from engine.bpmn.tree import attribute, text_of

_FEEL = re.compile(r"\bfeel\b", re.IGNORECASE)
_FOREIGN = re.compile(r"groovy|script|python|ruby|xslt|java|mvel|drools|juel\s*\(", re.IGNORECASE)


def read_expression(
    text: str | None,
    element: _Element,
    where: str,
    findings: Findings,
    *,
    spelling: Spelling | None = None,
    boolean: bool = False,
    proposal: str | None = None,
) -> Expression | None:
    """The expression `text`; None where there is no text or it fails the check.

    `spelling` is what the file says of its language; where it says nothing, the text shows it. A text that fails is a
    question about its first fault where `proposal` says what holds without it, else an error for each fault.
    """
    if text is None:
        return None
    spelling = spelling or spelling_of(text)
    faults = check_expression(text, spelling, None, boolean=boolean)
    for fault in faults:
        params = {name: value if isinstance(value, int | float) else str(value) for name, value in fault.params.items()}
        message = f"In {where}: {fault.message}"
        findings.propose_or_error(fault.code, element, message, proposal, **{**params, "where": where})
        if proposal is not None:
            break
    return None if faults else Expression(text, spelling)


def read_stated(
    stated: _Element, element: _Element, where: str, findings: Findings, proposal: str, *, boolean: bool = False
) -> Expression | None:
    """The expression that is the text of `stated`; None where it is empty or, with a question, cannot be read."""
    text = text_of(stated)
    spelling = stated_spelling(stated, text, element, findings, proposal) if text else None
    if spelling is None:
        return None
    return read_expression(text, element, where, findings, spelling=spelling, boolean=boolean, proposal=proposal)


def stated_spelling(
    stated: _Element, text: str, element: _Element, findings: Findings, proposal: str | None = None
) -> Spelling | None:
    """The spelling of `text`, which stands in `stated`; None, with a finding on `element`, for a foreign language.

    The text's own signs come first, then `language` of its element, then `expressionLanguage` of the file. A language
    that is neither FEEL nor foreign (XPath is what most tools write beside anything) says nothing.
    """
    if (spelling := spelling_of(text)) == "feel":
        return spelling
    language = attribute(stated, "language")
    if language and _FOREIGN.search(language):
        message = f"Expected an expression in the plain spelling, in FEEL or as ${{…}}, but it is in {language:.80}."
        findings.propose_or_error("expression.language", element, message, proposal, language=language[:80])
        return None
    said = language or attribute(stated.getroottree().getroot(), "expressionLanguage") or ""
    return "feel" if spelling == "plain" and _FEEL.search(said) else spelling


def read_name(
    text: str | None, element: _Element, where: str, findings: Findings, *, proposal: str | None = None
) -> str | None:
    """The variable name `text`; None where it is absent or, with a finding, where it cannot be a name.

    It is a question where `proposal` says what holds without it.
    """
    if text is None:
        return None
    if text.isidentifier() and not text.startswith("_") and len(text) <= 80:
        return text
    message = f"Expected a variable name as {where}, but found {text!r:.120}."
    findings.propose_or_error("name.invalid", element, message, proposal, name=text[:120])
    return None
