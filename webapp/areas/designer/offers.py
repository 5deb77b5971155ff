"""What the panel of the modeler offers to choose from: what this installation has, named in the reader's language."""

from __future__ import annotations

from typing import Any

from engine.bpmn.vocabulary import MARKS, moddle_descriptor
from engine.domain.directive import LOOP_ROLES
from engine.domain.lifecycle import DIRECTIVE, INCIDENT, TASK
from engine.domain.policy import STAGES
from engine.services.questions.library import versions
from webapp import names
from webapp.session import the_engine
from webapp.text import language, t, texts

Offer = tuple[str, str]


def of_installation() -> dict[str, Any]:
    """Everything the page's scripts need to know that is not in the drawing itself."""
    engine = the_engine()
    published = {row.process_id for row in engine.read(versions) if row.state == "published"}
    return {
        "language": language(),
        "words": _words(),
        "moddle": moddle_descriptor(),
        "marks": [mark.name for mark in MARKS],
        "offers": {
            "loop": [(role, t(f"designer.loop_{role}")) for role in LOOP_ROLES],
            "action": sorted({(each, each) for table in (DIRECTIVE, TASK, INCIDENT) for each in table.actions}),
            "stage": [(stage, names.stage(stage)) for stage in STAGES],
            "role": [(role, names.role(role)) for role in engine.city.profile.role_names],
            "operation": [(name, name) for name in sorted(engine.operations)],
            "process": sorted((id, names.process(id)) for id in published),
            "department": [(code, names.department(code)) for code in names.offered()],
        },
    }


def _words() -> dict[str, str]:
    """The texts of the scripts, in the language of the request."""
    return {
        key.removeprefix("designer.js."): said
        for key, said in texts(language()).items()
        if key.startswith("designer.js.")
    }
