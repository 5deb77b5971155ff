"""A module of ours in a process of its own, with bounds on memory and time: for files nobody has seen yet.

The child reads the file from standard input and takes two arguments, the bytes of memory and the seconds of CPU it may
use; it sets these limits itself and answers `OUT_OF_MEMORY` where the first is reached. It inherits no settings.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

OUT_OF_MEMORY = 3
"""The exit code of a child that needed more memory than it may have."""
_OVER = (OUT_OF_MEMORY, -signal.SIGXCPU, -signal.SIGKILL)


class OverTheLimit(Exception):
    """The child needed more than its memory or its time."""


def run_bounded(
    module: str, content: bytes, *more: str, memory_bytes: int, cpu_s: int, wall_s: float
) -> subprocess.CompletedProcess[bytes]:
    """The end of a child that ran `module` on `content`, with exit code and output; `more` are further arguments.

    Raises: OverTheLimit.
    """
    try:
        done = subprocess.run(  # noqa: S603  # our own module; the file goes through a pipe
            [sys.executable, "-s", "-P", "-m", module, str(memory_bytes), str(cpu_s), *more],
            input=content,
            capture_output=True,
            timeout=wall_s,
            check=False,
            env={"PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        )
    except subprocess.TimeoutExpired:
        raise OverTheLimit from None
    if done.returncode in _OVER:
        raise OverTheLimit
    return done
