"""The real BPMN files that lie beside the checkout, where they do: what several benches read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.errors import NotFound

FOLDER: Final = Path(__file__).parents[2].parent / "shared" / "data" / "bpmn"


def real_files(folder: Path = FOLDER) -> list[Path]:
    """Every file in the folders of `folder`, in order. Raises: NotFound (`bench.no_data`)."""
    files = sorted(path for path in folder.glob("*/**/*") if path.is_file())
    if not files:
        raise NotFound("bench.no_data", f"Expected files in {folder}, but there are none.", file=str(folder))
    return files
