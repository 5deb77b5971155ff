"""The child process of `check_in_child`: a BPMN file on standard input, the report as JSON on standard output."""

from __future__ import annotations

import json
import resource
import sys


def main() -> int:
    """Checks standard input under the limits of `check`; the exit code."""
    from engine.bpmn.check import CPU_S, MEMORY_BYTES, OUT_OF_MEMORY, check, report_to_json

    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        json.dump(report_to_json(check(sys.stdin.buffer.read())), sys.stdout)
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main())
