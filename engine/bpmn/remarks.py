"""What a reviewer's remark is, and what breaking each rule means: no library is needed to read a report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Weight = Literal["blocks", "surprises", "style"]
Drawn = Literal["drawn", "automatic"]
"""Whether somebody drew the picture of a file, or it was made here."""

WEIGHTS: Mapping[str, Weight] = {
    "ad-hoc-sub-process": "surprises",
    "conditional-event": "surprises",
    "conditional-flows": "surprises",
    "end-event-required": "style",
    "event-based-gateway": "surprises",
    "event-sub-process-typed-start-event": "blocks",
    "fake-join": "surprises",
    "global": "surprises",
    "label-required": "style",
    "link-event": "blocks",
    "no-disconnected": "surprises",
    "no-duplicate-sequence-flows": "surprises",
    "no-gateway-join-fork": "surprises",
    "no-implicit-end": "style",
    "no-implicit-split": "surprises",
    "no-implicit-start": "surprises",
    "no-overlapping-elements": "style",
    "single-blank-start-event": "surprises",
    "single-event-definition": "style",
    "start-event-required": "style",
    "sub-process-blank-start-event": "blocks",
    "superfluous-gateway": "style",
    "superfluous-label": "style",
    "superfluous-termination": "style",
}
"""The rules of the package that are asked, and what breaking one means here.

Left out are those against elements that we execute (complex and inclusive gateways), and those of sizes and layout.
"""
OWN: Mapping[str, Weight] = {"no-default": "surprises", "nobody-named": "surprises", "same-name": "style"}
MOST = 200
ORDER: Mapping[Weight, int] = {"blocks": 0, "surprises": 1, "style": 2}


@dataclass(frozen=True, slots=True)
class Lint:
    """One remark: the rule, what breaking it means, the element, and the sentence in English."""

    rule: str
    weight: Weight
    element: str | None
    message: str
