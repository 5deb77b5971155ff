"""The first step of an upload: a safe tree with BPMN's limits, a BPMN root and unique ids, or a refusal."""

from __future__ import annotations

from engine.bpmn.tree import MODEL, id_of, local
from engine.safe_xml import SafeXml, UnsafeXml, parse

MAX_BYTES = 2_000_000
MAX_DEPTH = 40
MAX_ELEMENTS = 20_000


def guard(content: bytes) -> SafeXml:
    """The safe tree of a BPMN file.

    Raises: UnsafeXml with the codes of `safe_xml`, or bpmn.root (not a BPMN file) or bpmn.duplicate_id (with the
    parameters `line` and `first_line`).
    """
    safe = parse(content, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_elements=MAX_ELEMENTS)
    root = safe.root
    if local(root) != "definitions":
        message = f"Expected a definitions element of {MODEL} as root, but it is {root.tag!r:.200}."
        raise UnsafeXml("bpmn.root", message, line=root.sourceline)
    first_lines: dict[str, int] = {}
    for element in root.iter(f"{{{MODEL}}}*"):
        id = id_of(element)
        if not id:
            continue
        line = element.sourceline or 0
        if id in first_lines:
            raise UnsafeXml(
                "bpmn.duplicate_id",
                f"Expected ids to be unique, but {id!r:.200} stands on line {first_lines[id]} and on line {line}.",
                element=id,
                line=line,
                first_line=first_lines[id],
            )
        first_lines[id] = line
    return safe
