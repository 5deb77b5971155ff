"""What a report may hold beside what an upload needs: a reviewer's remarks, and a picture where the file has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from lxml.etree import fromstring

from engine.bpmn.net import Net
from engine.bpmn.remarks import Drawn, Lint


@dataclass(frozen=True, slots=True)
class Dressing:
    """Remarks, the gravest first, and who drew the picture; `picture` is the file with one, where it was made here."""

    remarks: tuple[Lint, ...] = ()
    drawn: Drawn = "drawn"
    picture: str | None = None

    def to_json(self) -> dict[str, Any]:
        """As `cityloop check --json` prints it."""
        return {"lint": [asdict(remark) for remark in self.remarks], "layout": self.drawn, "picture": self.picture}


def dress(normalised: bytes, nets: Mapping[str, Net]) -> Dressing:
    """The dressing of a normalised file of ours; of one that the linter cannot read, the picture alone."""
    from engine.bpmn.lint import lint  # a check without remarks does not load the library
    from engine.bpmn.picture import picture_of

    root = fromstring(normalised)
    made = picture_of(root)
    try:
        remarks = lint(root, nets)
    except MemoryError:
        raise
    except Exception:  # a port of a tolerant tool: what it stumbles over is no fault of the file
        remarks = ()
    picture = made.content.decode() if made.by == "automatic" else None
    return Dressing(remarks, made.by, picture)


def dressing_from_json(whole: Mapping[str, Any] | None) -> Dressing | None:
    """The dressing that `to_json` wrote; None where there was none."""
    if whole is None:
        return None
    return Dressing(tuple(Lint(**each) for each in whole["lint"]), whole["layout"], whole["picture"])
