"""The one check of process forms, for page, API and dry run alike.

A form is a JSON Schema (2020-12) of type object whose fields a person fills in. Beside the standard keywords a field
may carry `x-cl-personal: true` (a service seals it before anything is stored) and `x-cl-free-text: true` (what
reporters and clerks write; sealed too). A form stands alone: no references, a closed set of keywords, limits on
everything a person can type. `compile_form` does all of that once; `check_answers` is cheap and runs on every answer.
"""

from __future__ import annotations

from engine.forms.answers import check_answers
from engine.forms.examples import example_answers
from engine.forms.schema import Form, FormFinding, compile_form, free_text_fields, personal_fields, schema_findings

__all__ = [
    "Form",
    "FormFinding",
    "check_answers",
    "compile_form",
    "example_answers",
    "free_text_fields",
    "personal_fields",
    "schema_findings",
]
