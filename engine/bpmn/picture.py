"""A picture for a file that has none: bpmn-auto-layout's, and where that leaves nodes out, the plain layout of ours.

Either is labelled as automatic wherever it is shown. What a file says about positions is never touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bpmn_io import layout_process
from lxml.etree import _Element, fromstring, tostring

from engine.bpmn.layout import DI, laid_out
from engine.bpmn.remarks import Drawn
from engine.bpmn.tree import FLOW_NODES, children, id_of, local


@dataclass(frozen=True, slots=True)
class Picture:
    """The file with a picture, and whether it was drawn by somebody or made here."""

    content: bytes
    by: Drawn


def shows_everything(root: _Element) -> bool:
    """Whether every flow node of the processes of a file has a shape."""
    shapes = {shape.get("bpmnElement", "").rpartition(":")[2] for shape in root.iter(f"{{{DI}}}BPMNShape")}
    return all(id_of(node) in shapes for node in _nodes(root))


def picture_of(root: _Element) -> Picture:
    """The file of a guarded and normalised tree with a picture; its own, where it has one."""
    content = tostring(root, encoding="UTF-8", xml_declaration=True)
    if next(root.iter(f"{{{DI}}}BPMNShape"), None) is not None:
        return Picture(content, "drawn")
    made = _by_the_package(root) if _is_one_process(root) else None
    return Picture(made or laid_out(content)[0], "automatic")


def _by_the_package(root: _Element) -> bytes | None:
    """What bpmn-auto-layout draws; None where it leaves a node out, or does not know what it is given."""
    try:
        made = layout_process(tostring(root, encoding="unicode")).encode()
        return made if shows_everything(fromstring(made)) else None
    except MemoryError:
        raise
    except Exception:  # it raises anything on what it does not know; then ours is drawn
        return None


def _nodes(root: _Element) -> Iterator[_Element]:
    for process in children(root, "process"):
        yield from (each for each in process.iter() if local(each) in FLOW_NODES)


def _is_one_process(root: _Element) -> bool:
    return sum(1 for _ in children(root, "process")) == 1 and next(children(root, "collaboration"), None) is None
