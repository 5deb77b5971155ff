"""Named points inside the transaction at which a test may kill the process, to prove that nothing is half done.

Armed by `CITYLOOP_FAILPOINT=name` (the first time the point is reached) or `name@n` (the n-th time); without it each
point costs one comparison.
"""

from __future__ import annotations

import os
import signal
from itertools import count

POINTS = ("after_claim", "after_state", "after_ledger", "before_commit")

_name, _, _nth = os.environ.get("CITYLOOP_FAILPOINT", "").partition("@")
_reached = count(1)
_deadly = int(_nth or 1)


def reach(name: str) -> None:
    """Ends the process without any clean-up when the armed point is `name` and its turn has come."""
    if name == _name and next(_reached) >= _deadly:
        os.kill(os.getpid(), signal.SIGKILL)
