"""The one door for XML from outside lets no entity, no request and no bomb through."""

from __future__ import annotations

import pytest

from engine.safe_xml import SafeXml, UnsafeXml, parse

pytestmark = pytest.mark.fast


def load(content: bytes, **limits: int) -> SafeXml:
    """`content` through the door with small limits."""
    given = {"max_bytes": 200_000, "max_depth": 10, "max_elements": 1_000} | limits
    return parse(content, **given)  # type: ignore[arg-type]


def test_safe_xml_plain_document_keeps_text_and_lines() -> None:
    """Findings need the line of each element, and a declaration may span lines."""
    root = load(b'<?xml version="1.0"\n?>\n<a>\n <b>t</b>\n</a>').root
    assert root.sourceline == 3
    assert root[0].sourceline == 4
    assert root[0].text == "t"


def test_safe_xml_comment_and_instruction_inside_text_join_it() -> None:
    """A condition with a comment in it must not be cut at the comment."""
    safe = load(b"<?xml-stylesheet href='x'?><a>x <!-- why -->&gt; 1<?pi q?> and y</a>")
    assert safe.root.text == "x > 1 and y"
    assert len(safe.root) == 0
    assert len(safe.notes) == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "xml.doctype"),
        (b'<!-- x -->\n<!DOCTYPE a [<!ENTITY b "import os">]><a>&b;</a>', "xml.doctype"),
        (b'<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x">%p;]><a/>', "xml.doctype"),
        (b"<a>&undefined;</a>", "xml.broken"),
        (b"<a><b></a>", "xml.broken"),
        (b"", "xml.broken"),
        (b"<a/><b/>", "xml.broken"),
        (b"<a>\x00</a>", "xml.encoding"),
        (b"\x1f\x8b\x08\x00", "xml.encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "xml.encoding"),
        (b'<?xml version="1.0" encoding="cp037"?><a/>', "xml.encoding"),
        ("<a/>".encode("utf-32"), "xml.encoding"),
        ("<a/>".encode("utf-16-le"), "xml.encoding"),
        (b"<a>\xff</a>", "xml.encoding"),
        (b"<a>" * 11 + b"</a>" * 11, "xml.depth"),
        (b"<a>" * 90_000, "xml.too_large"),
        (b"<a>" * 60_000, "xml.broken"),
        (b"<a>" + b"<b/>" * 1_000 + b"</a>", "xml.elements"),
        (b"<a " + b" ".join(b'a%d="1"' % i for i in range(10_000)) + b"/>", "xml.attributes"),
        (b"<?xml " * 30_000, "xml.broken"),
        (b"<!--" * 45_000, "xml.broken"),
    ],
)
def test_safe_xml_unsafe_bytes_are_refused_by_code(content: bytes, code: str) -> None:
    """Each attack of the catalogue has its own named refusal."""
    with pytest.raises(UnsafeXml) as refused:
        load(content)
    assert refused.value.code == code


def test_safe_xml_broken_document_names_the_line() -> None:
    """The person who wrote the file must find the place."""
    with pytest.raises(UnsafeXml) as refused:
        load(b'<?xml version="1.0"?>\n<a>\n<b></a>')
    assert refused.value.params["line"] == 3


@pytest.mark.parametrize(
    ("declared", "codec"),
    [("UTF-8", "utf-8"), ("UTF-16", "utf-16"), ("GB2312", "gb18030"), ("gb18030", "gb18030"), ("UTF-8", "utf-8-sig")],
)
def test_safe_xml_known_encodings_are_read(declared: str, codec: str) -> None:
    """Chinese text arrives in all the encodings the city's systems write."""
    content = f'<?xml version="1.0" encoding="{declared}"?><a>指令</a>'.encode(codec)
    assert load(content).root.text == "指令"


def test_safe_xml_latin_text_is_read_as_declared() -> None:
    """ISO-8859-1 files of older tools keep their umlauts."""
    assert load('<?xml version="1.0" encoding="ISO-8859-1"?><a>ü</a>'.encode("latin-1")).root.text == "ü"


def test_safe_xml_byte_order_mark_beats_the_declaration_with_a_note() -> None:
    """Tools that write UTF-8 and declare UTF-16 are read by what the bytes say."""
    safe = load('\ufeff<?xml version="1.0" encoding="utf-16"?><a>ü</a>'.encode())
    assert safe.root.text == "ü"
    assert len(safe.notes) == 1


def test_safe_xml_xinclude_stays_inert() -> None:
    """An include element is data; no file is read."""
    safe = load(
        b'<a xmlns:xi="http://www.w3.org/2001/XInclude"><xi:include href="file:///etc/passwd" parse="text"/></a>'
    )
    assert safe.root[0].text is None
