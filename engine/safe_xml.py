"""Bytes to a safe XML tree, or a refusal.

The one door for XML from outside: BPMN uploads and alerts pass it before anything reads them. There is no document
type, so no entity of the sender's making; nothing is fetched; size, depth and number of elements are limited by the
caller. The text is decoded here, never by the XML library, so what was checked is what is parsed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection
from dataclasses import dataclass

from lxml import etree

from engine.errors import Rejected

ENCODINGS = ("utf-8", "utf-16", "iso-8859-1", "gb18030")
MAX_ATTRIBUTES = 500  # of one element

_ALIASES = {
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "utf-16le": "utf-16",
    "utf-16be": "utf-16",
    "latin1": "iso-8859-1",
    "latin-1": "iso-8859-1",
    "iso8859-1": "iso-8859-1",
    "gb2312": "gb18030",
    "gbk": "gb18030",
}
_HEAD = 1024  # bytes within which an XML declaration ends
_DECLARATION = re.compile(r"\s*<\?xml\s[^>]*?\?>")
_DECLARED_ENCODING = re.compile(rb"""^\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([A-Za-z][A-Za-z0-9._-]{0,39})["']""")
_POSITION = re.compile(r",? line \d+, column \d+$")
_PROLOG = re.compile(r"\s+|<!--.*?-->|<\?.*?\?>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SafeXml:
    """A checked tree: no comments, no processing instructions, every element with its `sourceline`.

    `notes` says in plain words what was dropped or decided on the way.
    """

    root: etree._Element
    notes: tuple[str, ...] = ()


class UnsafeXml(Rejected):
    """Expected well-formed XML within the limits, but this is not."""

    code = "xml.broken"


def parse(
    content: bytes,
    *,
    max_bytes: int,
    max_depth: int,
    max_elements: int,
    encodings: Collection[str] = ENCODINGS,
) -> SafeXml:
    """The tree of `content`, without comments and processing instructions, their surrounding text joined.

    Raises: UnsafeXml with code xml.too_large, xml.encoding, xml.doctype, xml.broken, xml.elements, xml.depth or
    xml.attributes, and the parameter `line` where there is one.
    """
    if len(content) > max_bytes:
        raise UnsafeXml(
            "xml.too_large",
            f"Expected at most {max_bytes} bytes, but the file has {len(content)}.",
            limit=max_bytes,
            size=len(content),
        )
    text, notes = _decode(content, encodings)
    text = _without_declaration(text)
    _refuse_doctype(text)
    root = _build(text)
    _check_limits(root, max_depth, max_elements)
    notes += _drop_processing_instructions(root)
    return SafeXml(root, tuple(notes))


def _decode(content: bytes, encodings: Collection[str]) -> tuple[str, list[str]]:
    """The text of `content` by byte order mark, else by its declaration, else as UTF-8; and notes."""
    declared = _DECLARED_ENCODING.match(content.removeprefix(codecs.BOM_UTF8)[:_HEAD])
    named = declared.group(1).decode("ascii").lower() if declared else None
    named = _ALIASES.get(named, named) if named else None
    notes: list[str] = []
    if content.startswith(codecs.BOM_UTF8):
        encoding, body = "utf-8", content[3:]
        if named not in (None, "utf-8"):
            notes.append(f"The file says it is {named}, but its byte order mark says UTF-8: read as UTF-8.")
    elif content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        encoding, body = "utf-32", content
    elif content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, body = "utf-16", content
    else:
        encoding, body = named or "utf-8", content
        if encoding == "utf-16":
            raise UnsafeXml("xml.encoding", "Expected UTF-16 with a byte order mark, but there is none.", line=1)
    if encoding not in encodings:
        raise UnsafeXml("xml.encoding", f"Expected one of {', '.join(encodings)}, but the file is {encoding}.", line=1)
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        message = f"Expected {encoding} text, but line {line} is not: {error.reason}."
        raise UnsafeXml("xml.encoding", message, line=line) from None
    if "\0" in text:
        raise UnsafeXml("xml.encoding", "Expected text, but the file holds zero bytes.", line=1)
    return text, notes


def _without_declaration(text: str) -> str:
    """`text` with its XML declaration blanked, so that line numbers stay; it was obeyed in decoding."""
    found = _DECLARATION.match(text[:_HEAD])
    return "\n" * found.group().count("\n") + text[found.end() :] if found else text


def _refuse_doctype(text: str) -> None:
    """Raises UnsafeXml if a document type stands before the root element, the only place where one may stand."""
    at = 0
    while found := _PROLOG.match(text, at):
        at = found.end()
    if text.startswith("<!", at) and not text.startswith("<!--", at):
        line = text.count("\n", 0, at) + 1
        raise UnsafeXml("xml.doctype", "Expected no document type and no entities, but there is one.", line=line)


def _build(text: str) -> etree._Element:
    """The tree of decoded `text`. Raises: UnsafeXml."""
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=False,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        line = error.lineno or 1
        reason = _POSITION.sub("", error.msg or "it is not")
        raise UnsafeXml("xml.broken", f"Expected well-formed XML, but line {line}: {reason}.", line=line) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnsafeXml("xml.doctype", "Expected no document type and no entities, but there is one.", line=1)
    return root


def _check_limits(root: etree._Element, max_depth: int, max_elements: int) -> None:
    """Raises UnsafeXml if the tree is too deep, has too many elements or one with too many attributes."""
    depth = count = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if event == "end":
            depth -= 1
            continue
        depth += 1
        count += 1
        if depth > max_depth:
            message = f"Expected at most {max_depth} levels, but line {element.sourceline} is deeper."
            raise UnsafeXml("xml.depth", message, line=element.sourceline, limit=max_depth)
        if count > max_elements:
            message = f"Expected at most {max_elements} elements, but there are more."
            raise UnsafeXml("xml.elements", message, line=element.sourceline, limit=max_elements)
        if len(element.attrib) > MAX_ATTRIBUTES:
            message = f"Expected at most {MAX_ATTRIBUTES} attributes on an element, but there are more."
            raise UnsafeXml("xml.attributes", message, line=element.sourceline, limit=MAX_ATTRIBUTES)


def _drop_processing_instructions(root: etree._Element) -> list[str]:
    """Removes the processing instructions in and around `root`; a note for each kind."""
    every: list[etree._Element] = list(root.iter(etree.ProcessingInstruction))
    every += root.itersiblings(etree.ProcessingInstruction, preceding=True)
    every += root.itersiblings(etree.ProcessingInstruction)
    targets = sorted({each.target for each in every if isinstance(each, etree._ProcessingInstruction)})
    etree.strip_tags(root, etree.ProcessingInstruction)
    return [f"The processing instruction {target!r} was dropped." for target in targets]
