"""What is wrong with a page that is open: for the eye, for a thumb, for a screen reader, in its words."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from axe_core_python.base import AXE_SCRIPT
from playwright.sync_api import Page as Tab

from webapp.text import texts

LOOK = Path(__file__).with_name("look.js").read_text("utf-8")
AXE = """axe.run({resultTypes: ["violations"]}).then((found) => found.violations.map((each) => (
  {id: each.id, impact: each.impact, where: each.nodes.slice(0, 3).map((node) => node.html)})))"""
LATIN_IN_CHINESE = frozenset(
    ["API", "BPMN", "bpmn", "CSV", "DMN", "Enter", "III", "JPEG", "JSON", "PDF", "PNG", "SHA", "UTF", "WebP", "XML"]
)
"""Words that a Chinese page may have in Latin letters: names of formats and keys, and the levels."""
AS_IT_IS = ("Powered by bpmn.io", "incident:…")
"""The mark that the viewer's licence asks for, and how the ledger spells a subject."""
_KEY = re.compile(rf"\b(?:{'|'.join(sorted({key.split('.')[0] for key in texts('zh')}))})\.[a-z][\w.]*")
_PLACE = re.compile(r"\{\w*\}|\{\{|\bNone\b|\bundefined\b|\bNaN\b|^(?:True|False)$")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|clt_[\w-]+")
_LATIN = re.compile(r"[A-Za-z][A-Za-z_]{2,}")
_CHINESE = re.compile(r"[\u4e00-\u9fff]+")
_SNAKE = re.compile(r"\b[a-z]+_[a-z_]+\b")


def faults(tab: Tab, *, language: str, is_phone: bool, theme: str, kind: str, has_diagram: bool, own: str) -> list[str]:
    """Everything that is wrong with the open page. Shape: `own` is every text of the city in the other language."""
    if has_diagram:
        tab.wait_for_selector("[data-diagram][data-ready]")
    seen: dict[str, Any] = tab.evaluate(LOOK)
    found = [] if seen["h1"] == 1 else [f"{seen['h1']} headings h1"]
    if seen["lang"] != {"zh": "zh-CN", "en": "en"}[language] or not seen["title"].split("·")[0].strip():
        found.append(f"language {seen['lang']}, title {seen['title']!r}")
    if seen["theme"] != theme:
        found.append(f"theme {seen['theme']}")
    if seen["scrolls"] > 0:
        found.append(f"scrolls sideways by {seen['scrolls']} px: {seen['beyond']}")
    if kind == "form" and not seen["main"]:
        found.append("no main button")
    if kind == "list" and not seen["titles"]:
        found.append("no row with a title")
    found += [f"{what}: {each}" for what in ("outside", "covered") for each in seen[what]]
    if is_phone:
        found += [f"{what}: {each}" for what in ("thin", "small") for each in seen[what]]
    if has_diagram and not seen["watermark"]:
        found.append("no watermark in sight")
    found += [f"text: {each}" for each in wording(seen["said"], language, own)]
    tab.evaluate(AXE_SCRIPT)
    found += [f"axe: {each}" for each in tab.evaluate(AXE) if each["impact"] in ("serious", "critical")]
    return found


def wording(said: list[str], language: str, own: str) -> list[str]:
    """What nobody should read on a page: keys, places left open, words of the system, the other language."""
    found = []
    for text in (_ID.sub("", each) for each in said if each not in AS_IT_IS):
        foreign = _KEY.search(text) or _PLACE.search(text)
        if language == "zh":
            foreign = foreign or any(word not in LATIN_IN_CHINESE for word in _LATIN.findall(text))
        else:
            foreign = foreign or _SNAKE.search(text) or any(each not in own for each in _CHINESE.findall(text))
        if foreign:
            found.append(text[:100])
    return list(dict.fromkeys(found))
