"""Only BPMN files with unique ids and within the limits pass the guard."""

from __future__ import annotations

import pytest

from engine.bpmn.guard import MAX_DEPTH, guard
from engine.safe_xml import UnsafeXml
from tests.bpmn.drawing import START, drawing

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<a/>", "bpmn.root"),
        (b"<definitions/>", "bpmn.root"),
        (b"no xml", "xml.broken"),
        (b"<!DOCTYPE a><a/>", "xml.doctype"),
        (drawing("<bpmn:subProcess>" * MAX_DEPTH + "</bpmn:subProcess>" * MAX_DEPTH), "xml.depth"),
        (drawing(START * 1 + "<bpmn:task/>" * 20_000), "xml.elements"),
        (b" " * 2_000_001, "xml.too_large"),
    ],
)
def test_guard_foreign_or_unsafe_file_is_refused(content: bytes, code: str) -> None:
    """What is no BPMN file, or a bomb, never reaches the reader."""
    with pytest.raises(UnsafeXml) as refused:
        guard(content)
    assert refused.value.code == code


def test_guard_duplicate_id_is_refused_with_both_lines() -> None:
    """Two elements with one id make every reference ambiguous, so the author must see both."""
    with pytest.raises(UnsafeXml) as refused:
        guard(drawing('\n<bpmn:task id="a"/>\n<bpmn:task id=" a "/>'))
    assert refused.value.code == "bpmn.duplicate_id"
    assert refused.value.element == "a"
    assert (refused.value.params["first_line"], refused.value.params["line"]) == (3, 4)


def test_guard_clean_file_passes_with_its_root() -> None:
    """A plain file passes without notes."""
    safe = guard(drawing(START))
    assert safe.notes == ()
    assert len(safe.root) == 1
