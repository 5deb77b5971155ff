"""Global tasks: each becomes a process of one task under its id, so that a call activity reaches it like any other.

Source: BPMN 2.0.2, 10.3.6 (a global task is a callable element that a call activity invokes).
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml.etree import _Element

from engine.bpmn.tree import MODEL, children, id_of, local

_KINDS = {
    "globalTask": "task",
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}


def draw_global_tasks(root: _Element, known: set[str]) -> Iterator[tuple[str, str, str]]:
    """Puts a process in the place of each global task: (its id, what it was, the task in it) for each."""
    for element in list(children(root, *_KINDS)):
        kind = _KINDS[local(element)]
        id = id_of(element) or _free(kind, known)
        inside = _free(f"{id}_task", known)
        process = root.makeelement(f"{{{MODEL}}}process", {"id": id, "isExecutable": "true"}, nsmap=element.nsmap)
        process.sourceline = element.sourceline  # type: ignore[misc]  # lxml lets it be set
        root.replace(element, process)
        was = local(element)
        element.tag = f"{{{MODEL}}}{kind}"
        element.set("id", inside)
        if name := element.get("name"):
            process.set("name", name)
        process.append(element)
        yield id, was, inside


def _free(id: str, known: set[str]) -> str:
    while id in known:
        id += "_"
    known.add(id)
    return id
