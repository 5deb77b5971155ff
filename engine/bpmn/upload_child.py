"""The child process of `check_upload_in_child`: files and answers as JSON on standard input, the reports on output.

Arguments: the bytes of memory and the seconds of CPU it may use.
"""

from __future__ import annotations

import json
import resource
import sys
from base64 import b64decode
from typing import Any


def main() -> int:
    """Checks standard input under the limits of the arguments; the exit code."""
    memory_bytes, cpu_s = (int(argument) for argument in sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    from engine.bounded import OUT_OF_MEMORY

    try:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        json.dump(_answer(json.load(sys.stdin.buffer)), sys.stdout)
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


def _answer(given: dict[str, Any]) -> dict[str, Any]:
    from engine.bpmn.upload import check_upload, upload_to_json
    from engine.errors import Rejected

    files = {name: b64decode(content) for name, content in given["files"].items()}
    try:
        upload = check_upload(files, given["answers"])
        return upload_to_json(upload.dressed() if given["dressed"] else upload)
    except Rejected as refusal:
        return {"refusal": [refusal.code, refusal.message, refusal.element, dict(refusal.params)]}


if __name__ == "__main__":
    sys.exit(main())
