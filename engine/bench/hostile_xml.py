"""Files that attack before or beside the text: XML that opens files or grows, odd encodings, depth, and legal bombs."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Literal

from engine.bench.hostile_places import file_of, line

Expected = Literal["refused", "blocked", "harmless"]
"""Unsafe XML is refused; a bomb in legal BPMN is blocked by its element; the rest must only be done in time."""
Hostile = tuple[str, bytes, Expected]

_PLAIN = file_of(line('<userTask id="target"/>'))
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'


def xml_attacks(secret: str, port: int) -> Iterator[Hostile]:
    """Attacks of the XML itself; `secret` is a file they would read, `port` a local one they would call."""
    for name, declared in _DOCTYPES.items():
        text = declared.replace("SECRET", secret).replace("PORT", str(port))
        body = file_of(line('<userTask id="target" name="&x;"/>')).removeprefix(_HEAD)
        yield f"doctype: {name}", _HEAD + text.encode() + body, "refused"
    for encoding in ("UTF-7", "EBCDIC-CP-US", "UTF-32", "US-ASCII-8", "idna"):
        said = f'<?xml version="1.0" encoding="{encoding}"?>\n'.encode()
        yield f"encoding: {encoding}", said + _PLAIN.removeprefix(_HEAD), "refused"
    for name, content in _BROKEN.items():
        yield f"broken: {name}", content, "refused"
    yield "large: attribute", file_of(line(f'<userTask id="target" name="{"x" * 3_000_000}"/>')), "refused"
    yield "large: text", file_of(line('<userTask id="target"/>') + "x" * 3_000_000), "refused"
    yield "large: small elements", file_of('<userTask id="a"/>' * 200_000), "refused"
    yield "many: elements", file_of("<task/>" * 25_000), "refused"
    for depth in (45, 200, 20_000):
        nested = '<subProcess id="{}">' * depth
        inside = "".join(nested.split("{}", 1)[0] + f"s{n}" + '">' for n in range(depth)) + "</subProcess>" * depth
        yield f"depth: {depth}", file_of(inside), "refused"
    for name, inside in _ODD.items():
        filled = inside.replace("SECRET", secret).replace("PORT", str(port))
        yield f"odd: {name}", file_of(line('<userTask id="a"/>') + filled), "harmless"
    location = f"http://127.0.0.1:{port}/x.xsd"
    located = _PLAIN.replace(b"targetNamespace", f'xsi:schemaLocation="urn:x {location}" targetNamespace'.encode(), 1)
    yield "odd: schema location", located, "harmless"
    sheet = f'<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:{port}/x.xsl"?>\n'
    yield "odd: stylesheet", _HEAD + sheet.encode() + _PLAIN.removeprefix(_HEAD), "harmless"


_ENTITIES = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_DOCTYPES = {
    "external file": '<!DOCTYPE definitions [<!ENTITY x SYSTEM "file://SECRET">]>',
    "external address": '<!DOCTYPE definitions [<!ENTITY x SYSTEM "http://127.0.0.1:PORT/x">]>',
    "dtd file": '<!DOCTYPE definitions SYSTEM "file://SECRET">',
    "dtd address": '<!DOCTYPE definitions SYSTEM "http://127.0.0.1:PORT/x.dtd">',
    "public dtd": '<!DOCTYPE definitions PUBLIC "-//X//Y" "http://127.0.0.1:PORT/x.dtd">',
    "parameter entity": '<!DOCTYPE definitions [<!ENTITY % p SYSTEM "http://127.0.0.1:PORT/p"> %p; <!ENTITY x "y">]>',
    "internal entity with a script": "<!DOCTYPE definitions [<!ENTITY x \"__import__('os').getpid()\">]>",
    "billion laughs": f'<!DOCTYPE definitions [<!ENTITY l0 "ha">{_ENTITIES}<!ENTITY x "&l9;">]>',
    "quadratic": f'<!DOCTYPE definitions [<!ENTITY x "{"a" * 50_000}">]>',
    "empty": "<!DOCTYPE definitions>",
    "attribute list": '<!DOCTYPE definitions [<!ATTLIST userTask name CDATA "given"><!ENTITY x "y">]>',
    "notation": '<!DOCTYPE definitions [<!NOTATION n SYSTEM "file://SECRET"><!ENTITY x SYSTEM "y" NDATA n>]>',
    "recursive": '<!DOCTYPE definitions [<!ENTITY x "&y;"><!ENTITY y "&x;">]>',
}
_BROKEN = {
    "nothing": b"",
    "no xml": b"GIF89a",
    "zero byte": _PLAIN.replace(b"target", b"tar\x00get", 1),
    "control character": _PLAIN.replace(b"target", b"tar\x01get", 1),
    "compressed": gzip.compress(_PLAIN, mtime=0),
    "cut off": _PLAIN[:-20],
    "overlong utf-8": _PLAIN.replace(b'id="target"', b'id="\xc0\xaf"', 1),
    "half a surrogate": _PLAIN.replace(b'id="target"', b'id="\xed\xa0\x80"', 1),
    "two roots": _PLAIN + _PLAIN.removeprefix(_HEAD),
    "open reference": _PLAIN.replace(b'id="target"', b'id="&#x0;"', 1),
    "unknown entity": _PLAIN.replace(b'id="target"', b'id="&nbsp;"', 1),
    "another root": b"<html><body onload='alert(1)'/></html>",
    "same id a thousand times": file_of('<userTask id="target"/>' * 1_000),
    "undeclared prefix": file_of('<evil:task id="target"/>'),
    "twice the same attribute": file_of('<userTask id="target" id="target"/>'),
}
_ODD = {
    "xinclude": '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file://SECRET" parse="text"/>',
    "import": '<import importType="urn:x" location="http://127.0.0.1:PORT/x" namespace="n"/>',
    "processing instruction": "<?php system('id') ?>" * 200,
    "comments": "<!-- x -->" * 5_000,
    "namespaces": "".join(f'<x{n}:e xmlns:x{n}="urn:{n}"/>' for n in range(2_000)),
    "attributes": "<textAnnotation " + "".join(f'a{n}="1" ' for n in range(5_000)) + "/>",
    "long name": f"<{'n' * 60_000}/>",
    "long id": f'<textAnnotation id="{"i" * 500_000}"/>',
    "long documentation": f"<documentation>{'x' * 900_000}</documentation>",
    "cdata": "<documentation>" + "<![CDATA[<x>]]>" * 20_000 + "</documentation>",
    "web page": '<documentation><html xmlns="http://www.w3.org/1999/xhtml"><script>x()</script></html></documentation>',
    "right to left": "<documentation>\u202eexe.tpircs\u2066</documentation>",
}


def bombs() -> Iterator[Hostile]:
    """Legal BPMN that would never end, or take all time or memory, if it were run as it stands."""
    for name, inside in _BOMBS.items():
        yield f"bomb: {name}", file_of(inside), "blocked"
    for name, inside in _LARGE.items():
        yield f"large: {name}", file_of(inside), "harmless"
    for kind, texts in _TIMES.items():
        for text in texts:
            definition = f"<timerEventDefinition><{kind}>{text}</{kind}></timerEventDefinition>"
            event = f'<intermediateCatchEvent id="target">{definition}</intermediateCatchEvent>'
            yield f"time: {kind} {text[:40]}", file_of(line(event)), "blocked"


def _multi(inside: str, more: str = "") -> str:
    marker = f"<multiInstanceLoopCharacteristics {more}>{inside}</multiInstanceLoopCharacteristics>"
    return line(f'<userTask id="target">{marker}</userTask>')


_CIRCLE = (
    '<startEvent id="start"/><exclusiveGateway id="target"/><exclusiveGateway id="target2" default="f3"/><endEvent '
    'id="end"/><sequenceFlow id="f1" sourceRef="start" targetRef="target"/><sequenceFlow id="f2" sourceRef="target" '
    'targetRef="target2"/><sequenceFlow id="f3" sourceRef="target2" targetRef="target"/><sequenceFlow id="f4" '
    'sourceRef="target2" targetRef="end"><conditionExpression>false</conditionExpression></sequenceFlow>'
)
_BOMBS = {
    "loop without a wait": _CIRCLE,
    "a billion legs": _multi("<loopCardinality>1000000000</loopCardinality>"),
    "a billion legs in a row": _multi("<loopCardinality>1000000000</loopCardinality>", 'isSequential="true"'),
    "minus one leg": _multi("<loopCardinality>-1</loopCardinality>"),
    "infinitely many legs": _multi("<loopCardinality>1e999</loopCardinality>"),
    "a billion rounds of nothing": line(
        '<intermediateThrowEvent id="a"/>',
        '<subProcess id="target"><standardLoopCharacteristics loopMaximum="1000000000"><loopCondition>true'
        '</loopCondition></standardLoopCharacteristics><startEvent id="s"/><endEvent id="e"/><sequenceFlow id="fi" '
        'sourceRef="s" targetRef="e"/></subProcess>',
    ),
    "a process that calls itself": line('<callActivity id="target" calledElement="p"/>'),
}
_LARGE = {
    "chain": line(*(f'<userTask id="t{n}"/>' for n in range(3_000))),
    "mesh": line(*(f'<userTask id="t{n}"/>' for n in range(90)))
    + "".join(f'<sequenceFlow id="m{a}x{b}" sourceRef="t{a}" targetRef="t{b}"/>' for a in range(90) for b in range(90)),
    "blocks in a row": line(
        *(
            f'<subProcess id="b{n}"><parallelGateway id="p{n}"/><task id="x{n}"/><task id="y{n}"/><parallelGateway '
            f'id="q{n}"/><sequenceFlow id="a{n}" sourceRef="p{n}" targetRef="x{n}"/><sequenceFlow id="c{n}" '
            f'sourceRef="p{n}" targetRef="y{n}"/><sequenceFlow id="d{n}" sourceRef="x{n}" targetRef="q{n}"/>'
            f'<sequenceFlow id="e{n}" sourceRef="y{n}" targetRef="q{n}"/></subProcess>'
            for n in range(60)
        )
    ),
    "lanes": '<laneSet id="ls">'
    + "".join(f'<lane id="l{n}" name="{n}"/>' for n in range(5_000))
    + "</laneSet>"
    + line('<userTask id="target"/>'),
    "boundaries": line('<userTask id="target"/>')
    + "".join(
        f'<boundaryEvent id="b{n}" attachedToRef="target"><timerEventDefinition><timeDuration>PT{n + 1}H'
        f'</timeDuration></timerEventDefinition></boundaryEvent><sequenceFlow id="fb{n}" sourceRef="b{n}" '
        'targetRef="end"/>'
        for n in range(1_500)
    ),
}
_TIMES = {
    "timeDuration": ("-PT1H", "P", "PT", "P9999999999M", "P9999999999D", "PT0S", "2 hours", "PT1H; rm -rf /", "1e9"),
    "timeDate": ("10000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "0001-01-01T00:00:00+08:00", "now", "9" * 400),
    "timeCycle": ("R/PT0S", "R1000000/PT0S", "R999999999999/PT1S", "* * * * * * * *", "R-5/PT1H", "@reboot; touch x"),
}
