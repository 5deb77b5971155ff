"""What differs between two drawings: elements added, removed and changed, with every attribute and text that changed.

Pure. Elements are the same by their id, else by kind and name where these name one on both sides, a flow by its ends.
Where somebody moved an element on the canvas nothing differs; a reference means what it leads to, not how it is called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from lxml.etree import QName, _Element

from engine.bpmn.guard import guard
from engine.bpmn.normalise import REFERENCES, normalise
from engine.bpmn.tree import FLOW_NODES, MODEL, attribute, children, id_of, local, text_of

COMPARED = FLOW_NODES | {"sequenceFlow", "lane", "process", "dataObjectReference", "dataStoreReference"}
_DECLARED = {"message": "name", "signal": "name", "error": "errorCode", "escalation": "escalationCode"}
_DERIVED = frozenset({"incoming", "outgoing", "flowNodeRef", "laneSet", "childLaneSet"})
_UNNAMED = frozenset({"id"})
_LONGEST = 300
_ROW = ("where", "before", "after")


@dataclass(frozen=True, slots=True)
class Item:
    """An element as it is compared: its id, kind and name, and everything it says by where it says it."""

    id: str
    kind: str
    name: str
    says: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changed:
    """An element that is on both sides and says something else: (where, before, after) each."""

    id: str
    before_id: str
    kind: str
    name: str
    what: tuple[tuple[str, str | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What was added, removed and changed, in the order of the drawings."""

    added: tuple[Item, ...] = ()
    removed: tuple[Item, ...] = ()
    changed: tuple[Changed, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The difference as the API and the pages show it."""
        return {
            "added": [{"id": each.id, "kind": each.kind, "name": each.name} for each in self.added],
            "removed": [{"id": each.id, "kind": each.kind, "name": each.name} for each in self.removed],
            "changed": [
                {
                    **asdict(each),
                    "what": [dict(zip(("where", "before", "after"), row, strict=True)) for row in each.what],
                }
                for each in self.changed
            ],
        }


def diff_files(before: bytes, after: bytes) -> Difference:
    """The difference of two BPMN files. Raises: UnsafeXml for what was never accepted as one."""
    return diff(normalise(guard(before).root).root, normalise(guard(after).root).root)


def diff(before: _Element, after: _Element) -> Difference:
    """The difference of two normalised trees."""
    old, new = _items(before), _items(after)
    pairs = _pairs(old, new)
    back = {new_id: old_id for old_id, new_id in pairs.items()}
    changed = []
    for item in new.values():
        if item.id in back:
            what = tuple(_changes(old[back[item.id]], item, pairs))
            if what:
                changed.append(Changed(item.id, back[item.id], item.kind, item.name, what))
    return Difference(
        added=tuple(item for item in new.values() if item.id not in back),
        removed=tuple(item for item in old.values() if item.id not in pairs),
        changed=tuple(changed),
    )


def _items(root: _Element) -> dict[str, Item]:
    declared = {
        id_of(each): attribute(each, _DECLARED[local(each)]) or id_of(each)
        for each in children(root)
        if local(each) in _DECLARED
    }
    found: dict[str, Item] = {}
    for process in children(root, "process"):
        for element in process.iter(f"{{{MODEL}}}*"):
            kind = local(element)
            if kind in COMPARED:
                name = attribute(element, "name") or ""
                found[id_of(element)] = Item(id_of(element), kind, name, dict(_says(element, "", declared)))
    return found


def _says(element: _Element, path: str, declared: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Everything an element says, what is inside it included, but for elements that are compared themselves."""
    for name, value in element.attrib.items():
        word = QName(str(name)).localname
        if word not in _UNNAMED:
            yield f"{path}{word}", declared.get(str(value), str(value))
    numbers: Counter[str] = Counter()
    for child in element:
        if not isinstance(child.tag, str):
            continue
        word = QName(child).localname
        if local(child) in COMPARED or word in _DERIVED:
            continue
        numbers[word] += 1
        inside = f"{path}{word}" + (f"[{numbers[word]}]" if numbers[word] > 1 else "")
        if text := ("" if len(child) else text_of(child) or (child.text or "").strip()):
            yield inside, text
        yield from _says(child, f"{inside}/", declared)


def _pairs(old: Mapping[str, Item], new: Mapping[str, Item]) -> dict[str, str]:
    """Which element before is which after: by id, then by kind and name, then flows by their ends."""
    pairs = {id: id for id in old if id in new and old[id].kind == new[id].kind}
    named = _only(item for item in new.values() if item.name and item.id not in pairs.values())
    for key, item in _only(item for item in old.values() if item.name and item.id not in pairs).items():
        if key in named and key[0] != "sequenceFlow":
            pairs[item.id] = named[key].id
    taken = set(pairs.values())
    ends = {_ends(item, {}): item.id for item in new.values() if item.kind == "sequenceFlow" and item.id not in taken}
    for item in old.values():
        if item.kind == "sequenceFlow" and item.id not in pairs and _ends(item, pairs) in ends:
            pairs[item.id] = ends.pop(_ends(item, pairs))
    return pairs


def _only(items: Iterable[Item]) -> dict[tuple[str, str], Item]:
    """The items whose kind and name are theirs alone."""
    listed = list(items)
    counted = Counter((item.kind, item.name) for item in listed)
    return {(item.kind, item.name): item for item in listed if counted[item.kind, item.name] == 1}


def _ends(flow: Item, pairs: Mapping[str, str]) -> tuple[str, str]:
    source, target = flow.says.get("sourceRef", ""), flow.says.get("targetRef", "")
    return pairs.get(source, source), pairs.get(target, target)


def _changes(old: Item, new: Item, pairs: Mapping[str, str]) -> Iterator[tuple[str, str | None, str | None]]:
    for where in dict.fromkeys((*old.says, *new.says)):
        before, after = old.says.get(where), new.says.get(where)
        meant = pairs.get(before, before) if before is not None and where in REFERENCES else before
        if meant != after:
            yield where, _cut(before), _cut(after)


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= _LONGEST else text[:_LONGEST] + "…"
