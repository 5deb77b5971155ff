"""The child process of `check_in_child`: a BPMN file on standard input, the report as JSON on standard output.

Arguments: the bytes of memory and the seconds of CPU it may use, and `dressed` for remarks and a picture too.
"""

from __future__ import annotations

import json
import resource
import sys


def main() -> int:
    """Checks standard input under the limits of the arguments; the exit code."""
    memory_bytes, cpu_s, more = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    from engine.bounded import OUT_OF_MEMORY
    from engine.bpmn.check import check, report_to_json

    try:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
        report = check(sys.stdin.buffer.read())
        json.dump(report_to_json(report.dressed() if "dressed" in more else report), sys.stdout)
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


if __name__ == "__main__":
    sys.exit(main())
