"""Ad-hoc sub-processes: which of their activities are offered, and when enough of them were done.

Parallel ones offer every activity that no flow leads to at once, sequential ones one after the other, in the order of
the file. Source: BPMN 2.0.2, 13.3.5.
"""

from __future__ import annotations

from ..errors import Rejected
from .expressions import is_true
from .net import Kind, Node
from .play import NOWHERE, Play
from .state import CLOSED, INSIDE, POSITION


def offered(play: Play, scope: int, inside: int) -> tuple[int, ...]:
    """The nodes at which the new scope of an ad-hoc sub-process begins."""
    first = play.program.begins[inside]
    sequential = play.program.adhoc[inside].sequential
    play.state.scopes[scope].append(1 if sequential else len(first))
    return first[:1] if sequential else first


def activity_done(play: Play, node: Node, scope: int) -> None:
    """An activity of an ad-hoc sub-process is done: that is enough, or its token goes on.

    Where it is enough, what still runs is cancelled or awaited, and nothing else begins.
    """
    record = play.state.scopes[scope]
    adhoc = play.program.adhoc[record[INSIDE]]
    enough = record[POSITION] == CLOSED
    if not enough and adhoc.completion is not None:
        try:
            enough = is_true(play.program.expression(adhoc.completion), play.state.seen_from(scope), play.now)
        except Rejected as error:
            play.fail(node, scope, "adhoc", error)
            return
        if enough and adhoc.cancel_rest:
            play.cancel_inside(scope)
            play.add_live(scope, 1 - play.add_live(scope, 0))
    if enough:
        record[POSITION] = CLOSED
        play.queue.append((NOWHERE, scope, NOWHERE))
    else:
        play.go_out(node, scope)


def go_on(play: Play, node: Node, scope: int) -> None:
    """An activity is done, in an ad-hoc sub-process or anywhere else: its token goes on."""
    if scope and play.state.scopes[scope][INSIDE] in play.program.adhoc:
        activity_done(play, node, scope)
    else:
        play.go_out(node, scope)


def offers_more(play: Play, scope: int) -> bool:
    """Nothing runs in an ad-hoc sub-process any more: whether something else begins in it.

    The next one in the order, or, while the completion condition does not hold, all of them anew.
    """
    record = play.state.scopes[scope]
    position, first = record[POSITION], play.program.begins[record[INSIDE]]
    adhoc = play.program.adhoc[record[INSIDE]]
    if position == CLOSED or (position == len(first) and adhoc.completion is None):
        return False
    if position == len(first):
        if all(play.net.nodes[index].kind is Kind.START and not play.net.nodes[index].outgoing for index in first):
            return False  # there is nothing inside
        position = 0
    chosen = first[position : position + 1] if adhoc.sequential else first
    record[POSITION] = position + len(chosen)
    play.add_live(scope, len(chosen))
    for index in chosen:
        play.queue.append((index, scope, NOWHERE))
    return bool(chosen)
