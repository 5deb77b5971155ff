"""Scopes of the token game: how the instance, a sub-process and what can interrupt them begin.

Source: BPMN 2.0.2, 13.3.4 and 13.5.4.
"""

from __future__ import annotations

from typing import Any

from .adhoc import offered
from .catching import arm_starts, trigger_dues
from .mapping import inputs_of
from .net import Node
from .play import NOWHERE, Play
from .state import LAYER


def open_scope(play: Play, node: Node, parent: int) -> int:
    """Begin a sub-process in `parent`; the new scope."""
    inside = int(node.scope_inside or 0)
    dues = trigger_dues(play, parent, inside)
    inputs = inputs_of(play, node, parent)
    scope = play.new_id()
    play.state.scopes[scope] = [node.index, parent, inside, 0, inputs, 0, 0]
    play.enter(node, scope)
    fill_inside(play, scope, inside, dues)
    return scope


def give_inputs(play: Play, node: Node, scope: int) -> None:
    """Let what is inside a leg or round of a sub-process see its inputs. Raises: ExpressionError."""
    inputs = inputs_of(play, node, scope)
    if inputs is not None:
        record = play.state.scopes[scope]
        record[LAYER] = {**(record[LAYER] or {}), **inputs}


def fill_inside(play: Play, scope: int, inside: int, dues: dict[int, Any]) -> None:
    """Begin what is inside a sub-process, or inside a leg or round of one (see `fill_scope`)."""
    begins = offered(play, scope, inside) if inside in play.program.adhoc else play.program.begins[inside]
    fill_scope(play, scope, begins, dues)


def fill_scope(play: Play, scope: int, starts: tuple[int, ...], dues: dict[int, Any]) -> None:
    """Arm the event sub-processes of a new scope (`dues`: when their timers are due) and put tokens on its starts."""
    arm_starts(play, scope, dues)
    play.add_live(scope, len(starts))
    for index in starts:
        play.queue.append((index, scope, NOWHERE))


def begin_instance(play: Play, start: Node) -> None:
    """Arm what can interrupt the instance and put a token on the start event chosen."""
    fill_scope(play, 0, (start.index,), trigger_dues(play, 0, 0))


def arm_instance(play: Play) -> None:
    """Arm what can interrupt the instance, which has one token from now on."""
    arm_starts(play, 0, trigger_dues(play, 0, 0))
    play.add_live(0, 1)
