"""Hostile uploads of several files: decisions whose cells attack, and zips that are bombs or lead outside."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping
from xml.sax.saxutils import escape

from engine.bench.attack_expressions import Attack
from engine.bench.hostile_places import file_of, line
from engine.bench.hostile_xml import Hostile

_EPOCH = (2026, 1, 1, 0, 0, 0)
_DRAWING = file_of(line('<businessRuleTask id="target" camunda:decisionRef="d" camunda:resultVariable="x"/>'))
_DMN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="m" '
    'name="m" namespace="urn:hostile"><decision id="d" name="d">{inside}</decision></definitions>'
)
_TABLE = (
    '<decisionTable id="t" hitPolicy="FIRST"><input id="i" label="i"><inputExpression id="e" typeRef="string"><text>'
    '{input}</text></inputExpression></input><output id="o" name="x" typeRef="string"/><rule id="r"><inputEntry id="n">'
    '<text>{test}</text></inputEntry><outputEntry id="p"><text>{output}</text></outputEntry></rule></decisionTable>'
)
_PLAIN = {"input": "amount", "test": "-", "output": '"x"'}


def _table(cell: str) -> Callable[[str], str]:
    return lambda text: _TABLE.format(**{**_PLAIN, cell: escape(text)})


CELLS: Mapping[str, Callable[[str], str]] = {
    "input of a decision": _table("input"),
    "test of a decision": _table("test"),
    "output of a decision": _table("output"),
    "decision that is one expression": lambda text: (
        f'<literalExpression id="l"><text>{escape(text)}</text></literalExpression>'
    ),
}
"""Every place of a decision file in which text is evaluated."""


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """A zip with these files, the same bytes each time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def decision_files(attacks: list[Attack]) -> Iterator[Hostile]:
    """A drawing with a decision beside it for each attack in each cell; its task must be named."""
    for cell, put in CELLS.items():
        for attack in attacks:
            dmn = _DMN.format(inside=put(attack.plain)).encode()
            if all(character >= " " for character in attack.plain):
                yield f"{cell} | {attack.plain[:60]}", zip_of({"p.bpmn": _DRAWING, "d.dmn": dmn}), "blocked"


def zips() -> Iterator[Hostile]:
    """Zips that would fill the memory, write elsewhere, or hide what they hold."""
    plain = {"p.bpmn": _DRAWING}
    yield "zip: bomb", zip_of({**plain, "big.bpmn": b"0" * 60_000_000}), "refused"
    yield "zip: many", zip_of({f"{n}.bpmn": _DRAWING for n in range(2_000)}), "refused"
    yield "zip: in a zip", zip_of({**plain, "z.zip": zip_of(plain)}), "refused"
    for name in ("../../etc/cron.d/x.bpmn", "/etc/passwd", "C:\\x.bpmn", "a/../../b.bpmn", "..\\..\\x.bpmn"):
        yield f"zip: path {name}", zip_of({name: _DRAWING}), "refused"
    yield "zip: cut off", zip_of(plain)[:-30], "refused"
    yield "zip: only its beginning", b"PK\x03\x04" + b"\x00" * 40, "refused"
    yield "zip: same process twice", zip_of({"a.bpmn": _DRAWING, "b.bpmn": _DRAWING}), "refused"
