"""Ends in the token game: end events, and scopes, legs and instances that come to their end.

Source: BPMN 2.0.2, 13.3.4 and 13.5.6.
"""

from __future__ import annotations

from typing import Any

from ..errors import Rejected
from .adhoc import go_on, offers_more
from .compensating import cancel_transaction, end_undoing, remember
from .effects import InstanceEnded
from .legs import end_leg
from .mapping import written
from .net import Kind, Node
from .play import NOWHERE, Play
from .state import BODY, INSIDE, NODE, PARENT
from .throwing import arrive_throw, throw, throw_from


def end_scope_if_empty(play: Play, scope: int) -> None:
    """Complete `scope` when the last token in it is gone. Source: BPMN 2.0.2, 13.3.4 and 13.5.6."""
    if play.add_live(scope, 0):
        return
    state = play.state
    if scope and state.scopes[scope][INSIDE] in play.program.adhoc and offers_more(play, scope):
        return
    play.cancel_inside(scope)  # only armed starts of event sub-processes can be left
    if not scope:
        _end_instance(play, "completed")
        return
    record = state.scopes[scope]
    node = play.net.nodes[record[NODE]]
    if record[BODY]:
        end_leg(play, scope)
        return
    if record[INSIDE] < 0:
        end_undoing(play, scope)
        return
    if node.outputs:
        try:
            values = written(play, node, scope, {})
        except Rejected as error:
            play.fail(node, scope, "scope", error)
            return
        play.write(record[PARENT], values)
    if play.program.compensable[record[NODE]]:
        remember(play, node, record[PARENT], scope)
    elif state.done:
        state.done.pop(scope, None)
    del state.scopes[scope]
    if node.kind is Kind.EVENT_SUBPROCESS:
        play.leave(node, scope)
        play.add_live(record[PARENT], -1)
        end_scope_if_empty(play, record[PARENT])
        return
    play.leave(node, scope)
    play.disarm_boundaries(node, scope)
    go_on(play, node, record[PARENT])


def _end_instance(play: Play, outcome: Any, error: str | None = None) -> None:
    play.state.outcome = outcome
    play.queue.clear()
    play.state.done.clear()
    play.effects.append(InstanceEnded(outcome, error))


def end_everything(play: Play, outcome: Any, error: str | None = None) -> None:
    """Cancel all that is open and end the instance."""
    play.cancel_inside(0)
    play.state.live = 0
    _end_instance(play, outcome, error)


def arrive_plain_end(play: Play, node: Node, scope: int) -> None:
    """A token arrives at an end event that throws nothing."""
    play.leave(node, scope)
    play.add_live(scope, -1)
    end_scope_if_empty(play, scope)


def arrive_end(play: Play, node: Node, scope: int) -> None:
    """A token arrives at an end event, which throws what it has to."""
    kinds = [event.kind for event in play.program.parts[node.index]]
    if play.program.undoes[node.index]:
        arrive_throw(play, node, scope)
        return
    if "cancel" in kinds:
        cancel_transaction(play, node, scope)
        return
    token = throw(play, node, scope, lambda: play.queue.append((NOWHERE, scope, NOWHERE)))
    if token is None or not ("error" in kinds or "terminate" in kinds):
        return  # it was cancelled by what caught its broadcast or escalation, or is consumed in its turn
    play.queue.remove(token)
    end_around(play, node, scope)


def end_around(play: Play, node: Node, scope: int) -> None:
    """The last that an end event does: its error or terminate ends what is around it."""
    kinds = [event.kind for event in play.program.parts[node.index]]
    if "error" in kinds:
        code = play.program.parts[node.index][kinds.index("error")].name
        if not throw_from(play, scope, code):
            end_everything(play, "error", code)
    elif not scope:
        end_everything(play, "terminated")
    else:
        play.cancel_inside(scope)
        play.add_live(scope, -play.add_live(scope, 0))
        end_scope_if_empty(play, scope)
