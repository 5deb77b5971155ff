"""Evidence made harmless in a process of its own: what a hostile file costs is bounded, whatever it is made of.

A picture or PDF of a few kilobytes may ask for hours of work or gigabytes: a picture sent in a hundred thousand passes,
a document whose parts unfold. No check of ours counts every such trick; the limits of a process do.

Run as a module it is that child: the file on standard input, the harmless one on standard output; where it is refused,
the refusal as JSON. Arguments: the bytes of memory and the seconds of CPU it may use.
"""

from __future__ import annotations

import json
import resource
import sys
import threading

from engine.bounded import OUT_OF_MEMORY, OverTheLimit, run_bounded
from engine.errors import Rejected
from engine.evidence_check import LARGEST, clean

MEMORY_BYTES = 1_500 * 1024 * 1024
CPU_S = 10
WALL_S = 60  # a child may wait for a core before it spends its CPU seconds
REFUSED = 2
"""The exit code of a child that refused the file."""
_AT_ONCE = threading.BoundedSemaphore(2)
"""Children at the same time: two may use what they are allowed, a crowd of them may not."""


def clean_in_child(
    content: bytes, *, memory_bytes: int = MEMORY_BYTES, cpu_s: int = CPU_S, wall_s: float = WALL_S
) -> bytes:
    """The content as it may be stored. Raises: as `evidence_check.clean`; `evidence.broken` where it costs too much."""
    if not content or len(content) > LARGEST:
        return clean(content)  # refused, without a process for it
    with _AT_ONCE:
        try:
            done = run_bounded("engine.evidence_child", content, memory_bytes=memory_bytes, cpu_s=cpu_s, wall_s=wall_s)
        except OverTheLimit:
            raise _too_costly() from None
    if done.returncode == REFUSED:
        code, message, params = json.loads(done.stdout)
        raise Rejected(code, message, **params)
    if done.returncode != 0:
        raise Rejected("evidence.broken", "Expected a file that can be read, but reading it stopped at this one.")
    return done.stdout


def _too_costly() -> Rejected:
    return Rejected("evidence.broken", "Expected a file that is read with little work, but this one takes too much.")


def main() -> int:
    """Cleans standard input under the limits of the arguments; the exit code."""
    memory_bytes, cpu_s = (int(argument) for argument in sys.argv[1:])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    try:
        harmless = clean(sys.stdin.buffer.read())
    except Rejected as refusal:
        json.dump([refusal.code, refusal.message, dict(refusal.params)], sys.stdout)
        return REFUSED
    except MemoryError:
        return OUT_OF_MEMORY
    sys.stdout.buffer.write(harmless)
    return 0


if __name__ == "__main__":
    sys.exit(main())
