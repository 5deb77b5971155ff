"""Reference games with one fault each, to show that the comparison would notice it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.properties.reference_drawing import Element
from tests.properties.reference_game import ReferenceGame
from tests.properties.reference_join import flows_ahead
from tests.properties.reference_run import Activity, Open, Record, Scope
from tests.properties.walks import Move, facts_of, make


class ReferencePlayer:
    """A reference game, faulty or not, as a player."""

    def __init__(self, game: ReferenceGame) -> None:
        self.game = game

    def move(self, move: Move) -> None:
        """Makes the move."""
        make(self.game, move)

    def facts(self) -> Mapping[str, Any]:
        """Everything."""
        return facts_of(self.game)


class JoinsAtOnce(ReferenceGame):
    """An inclusive join lets the first token through."""

    def _is_activated(self, scope: Scope, join: Element) -> bool:
        return True


class WaitsForEveryPath(ReferenceGame):
    """An inclusive join waits for every token that could still come, the one before its own split among them."""

    def _is_activated(self, scope: Scope, join: Element) -> bool:
        empty = {id for id in join.incoming if id not in scope.tokens}
        return not any(flows & empty for flows in flows_ahead(self.drawing, scope, join))


class TakesAllTokens(ReferenceGame):
    """A parallel gateway takes every token of a flow, not one."""

    def _enter(self, scope: Scope, element: Element) -> None:
        if element.tag == "parallelGateway":
            scope.tokens[:] = [token for token in scope.tokens if token not in element.incoming]
        super()._enter(scope, element)


class NeverInterrupts(ReferenceGame):
    """The activity under an interrupting boundary event stays."""

    def _leave_by_boundary(self, activity: Activity, event: Element) -> None:
        activity.scope.tokens += event.outgoing


class EventSubprocessBeside(ReferenceGame):
    """An interrupting event sub-process leaves what runs beside it."""

    def _start_event_subprocess(self, scope: Scope, event_subprocess: str, payload: Mapping[str, Any]) -> None:
        kept = list(scope.activities)
        super()._start_event_subprocess(scope, event_subprocess, payload)
        scope.activities[:0] = [activity for activity in kept if activity not in scope.activities]


class NoLayers(ReferenceGame):
    """A leg writes into the variables around it while it runs."""

    def _begin_leg(self, activity: Activity, place: int) -> None:
        super()._begin_leg(activity, place)
        for leg in activity.legs:
            leg.layer.values = activity.layer.values | leg.layer.values


class NoCompletionCondition(ReferenceGame):
    """Every leg is waited for."""

    def _leg_done(self, activity: Activity, leg: Activity) -> None:
        multi = activity.element.multi
        assert multi is not None
        multi.completion = None
        super()._leg_done(activity, leg)


class TerminatesNothing(ReferenceGame):
    """A terminate end event is a none end event."""

    def _end(self, scope: Scope, element: Element) -> None:
        if element.event != "terminate":
            super()._end(scope, element)


class ErrorsGoOutside(ReferenceGame):
    """An error is caught one activity too far out."""

    def _throw_out_of(self, scope: Scope, code: str | None) -> None:
        super()._throw_out_of(scope.owner.scope if scope.owner is not None else scope, code)


class LastFlowWins(ReferenceGame):
    """An exclusive gateway looks at its flows from the last to the first."""

    def _true_flows(self, scope: Scope, gateway: Element) -> list[str]:
        return super()._true_flows(scope, gateway)[::-1]


class TimersOnce(ReferenceGame):
    """A repeating timer fires once."""

    def _begin(self, scope: Scope, element: Element) -> None:
        for event in self.drawing.boundaries(element.id):
            for part in event.parts:
                part.fires = part.fires and 1
        super()._begin(scope, element)


class DeafToSignals(ReferenceGame):
    """A signal does not reach what waits for it in the instance itself."""

    def _call_out(self, name: str | None) -> None:
        pass


class EscalationIsLost(ReferenceGame):
    """Nobody catches an escalation."""

    def _escalate(self, scope: Scope, code: str | None) -> None:
        pass


class AnyOfSeveral(ReferenceGame):
    """A parallel multiple event happens with its first part."""

    def _happened(self, wait: Open, payload: Mapping[str, Any]) -> None:
        if wait.armed is not None:
            wait.armed.element.every = False
        super()._happened(wait, payload)


class ConditionsAreNotLookedAt(ReferenceGame):
    """A conditional event never happens."""

    def _see_a_condition(self) -> bool:
        return False


class UndoesInOrder(ReferenceGame):
    """What was completed first is undone first."""

    def _undone_by(self, records: list[Record]) -> Iterator[Record]:
        return super()._undone_by(records[::-1])


class UndoesAllAtOnce(ReferenceGame):
    """No compensation waits for the one before it."""

    def _compensate(self, scope: Scope, element: Element, wanted: str | None) -> Activity:
        activity = super()._compensate(scope, element, wanted)
        while activity.to_undo:
            self._undo_next(activity)
        return activity


class CancelUndoesNothing(ReferenceGame):
    """A transaction that is called off leaves what was done."""

    def _cancel(self, scope: Scope, element: Element) -> None:
        scope.records.clear()
        super()._cancel(scope, element)


class LateTokensGoOn(ReferenceGame):
    """A complex gateway is reset as soon as it has fired."""

    def _reset_a_complex_gateway(self) -> bool:
        for scope in self._scopes():
            scope.passed.clear()
        return False

    def _at_complex_gateway(self, scope: Scope, element: Element, arrow: str) -> bool:
        scope.passed.pop(element.id, None)
        return super()._at_complex_gateway(scope, element, arrow)


class NoOrder(ReferenceGame):
    """A sequential ad-hoc sub-process offers everything at once."""

    def _open_adhoc(self, activity: Activity) -> None:
        activity.element.ordered = False
        super()._open_adhoc(activity)


class OneRound(ReferenceGame):
    """A standard loop has one round."""

    def _is_to_go_again(self, activity: Activity) -> bool:
        return activity.rounds == 0


FAULTY_GAMES = (
    JoinsAtOnce,
    WaitsForEveryPath,
    TakesAllTokens,
    NeverInterrupts,
    EventSubprocessBeside,
    NoLayers,
    NoCompletionCondition,
    TerminatesNothing,
    ErrorsGoOutside,
    LastFlowWins,
    TimersOnce,
    DeafToSignals,
    EscalationIsLost,
    AnyOfSeveral,
    ConditionsAreNotLookedAt,
    UndoesInOrder,
    UndoesAllAtOnce,
    CancelUndoesNothing,
    LateTokensGoOn,
    NoOrder,
    OneRound,
)
