"""XPath of the standard, the language of a file that names none: its functions for data become names of ours.

`bpmn:getDataObject('order') = 'late'` asks for the data object of that name or id. Only a condition that holds such a
function is touched; what else XPath can say stays as it is and is asked about.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lxml.etree import _Element

from engine.bpmn.tree import attribute, descendants, id_of, local

Adopted = tuple[str, str | None, str | None]

_TEXTS = frozenset({"conditionExpression", "condition", "completionCondition", "loopCondition", "activationCondition"})
_ASKED = re.compile(
    r"(?:[\w.-]+:)?get(?:DataObject|DataInput|DataOutput|ProcessProperty|ActivityProperty)"
    r"""\(\s*(?:'([^']*)'|"([^"]*)")\s*\)"""
)
_EQUALS = re.compile(r"(?<![<>!=])=(?!=)")
_QUOTED = re.compile(r"""('[^']*'|"[^"]*")""")
_DATA = ("dataObject", "dataObjectReference", "dataInput", "dataOutput", "property")


def data_names(root: _Element) -> dict[str, str]:
    """The variable that each data element means, by its id and by its name."""
    names: dict[str, str] = {}
    for kind in _DATA:
        for each in descendants(root, kind):
            name = attribute(each, "name") or ""
            variable = name if _is_name(name) else id_of(each)
            if _is_name(variable):
                names |= {id_of(each): variable, name: variable}
    return names


def adopt(element: _Element, names: Mapping[str, str]) -> Iterator[Adopted]:
    """Writes a condition that asks for data by XPath in our plain spelling: (what, before, after)."""
    before = element.text or ""
    if local(element) not in _TEXTS or len(element) or not _ASKED.search(before):
        return
    asked = [found.group(1) or found.group(2) or "" for found in _ASKED.finditer(before)]
    variables = {name: names.get(name, name) for name in asked}
    if not all(map(_is_name, variables.values())):
        return
    after = _ASKED.sub(lambda found: variables[found.group(1) or found.group(2) or ""], before)
    parts = _QUOTED.split(after)
    element.text = "".join(part if number % 2 else _EQUALS.sub("==", part) for number, part in enumerate(parts))
    yield "XPath as an expression of ours", before, element.text


def _is_name(text: str) -> bool:
    return text.isidentifier() and not text.startswith("_") and len(text) <= 80
