"""What the reference game throws: errors, escalations, signals, compensation, cancellation (10.5, 10.7, 13.5)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.properties.reference_drawing import SUBPROCESSES, Element
from tests.properties.reference_legs import Legs
from tests.properties.reference_run import Activity, Open, Record, Scope, use_up


class Throws(Legs):
    """The part of the game that throws and finds who catches."""

    outcome: str | None
    sent: list[str]
    called_out: list[str]

    def _oldest_first(self) -> list[Open]:
        """Everything the instance waits for in the order it was armed."""
        raise NotImplementedError

    def _happened(self, wait: Open, payload: Mapping[str, Any]) -> None:
        """What was waited for has come."""
        raise NotImplementedError

    def _leave_by_boundary(self, activity: Activity, event: Element) -> None:
        if event.interrupting:
            activity.over = True
            activity.scope.activities.remove(activity)
        else:
            use_up(activity.armed, event.id)
        activity.scope.tokens += event.outgoing

    def _start_event_subprocess(self, scope: Scope, event_subprocess: str, payload: Mapping[str, Any]) -> None:
        element = self.drawing.elements[event_subprocess]
        if self.drawing.start_of(element.id).interrupting:
            scope.clear()
            scope.armed.clear()
        else:
            use_up(scope.armed, element.id)
        scope.layer.values.update(payload)
        activity = Activity(element, scope, scope.layer, self._number())
        scope.activities.append(activity)
        self._work(activity)

    # -- messages and signals ----------------------------------------------------------------------------------

    def _throw_parts(self, scope: Scope, element: Element) -> None:
        """Sends and broadcasts what an event throws, in the order of the drawing."""
        if element.tag == "sendTask":
            self.sent.append(element.id)
        for part in element.parts:
            if part.kind == "message":
                self.sent.append(element.id)
            elif part.kind == "signal":
                self.called_out.append(element.id)
                self._call_out(part.name)
            elif part.kind == "escalation":
                self._escalate(scope, part.name)

    def _call_out(self, name: str | None) -> None:
        """A signal reaches everything that waits for it now; what an earlier catcher cancels does not hear it."""
        for wait in self._oldest_first():
            if _hears(wait, name) and any(_is_same(wait, other) for other in self._oldest_first()):
                self._happened(wait, {})

    # -- errors and escalations --------------------------------------------------------------------------------

    def _throw_from(self, activity: Activity, code: str | None) -> None:
        """The innermost activity around the thrower with a fitting boundary event catches."""
        outer = activity.leg_of or activity
        event = _fitting(outer, "error", code)
        if event is not None:
            self._leave_by_boundary(outer, event)
        else:
            self._throw_out_of(outer.scope, code)

    def _throw_out_of(self, scope: Scope, code: str | None) -> None:
        caught = self._fitting_start(scope, "error", code)
        if caught is not None:
            self._start_event_subprocess(scope, caught, {})
        elif scope.owner is None:
            self.outcome = "error"
        else:
            self._throw_from(scope.owner, code)

    def _escalate(self, scope: Scope, code: str | None) -> None:
        """From scope to scope outwards; where nobody catches it, nothing happens."""
        caught = self._fitting_start(scope, "escalation", code)
        if caught is not None:
            self._start_event_subprocess(scope, caught, {})
        elif scope.owner is not None:
            outer = scope.owner.leg_of or scope.owner
            event = _fitting(outer, "escalation", code)
            if event is not None:
                self._leave_by_boundary(outer, event)
            else:
                self._escalate(outer.scope, code)

    def _fitting_start(self, scope: Scope, kind: str, code: str | None) -> str | None:
        """The event sub-process of a scope that catches: the one that names the code, else one that catches all."""
        armed = {id: event.element for id, event in scope.armed.items() if event.element.event == kind}
        for wanted in (code, None):
            for id, start in armed.items():
                if start.name == wanted:
                    return id
        return None

    # -- compensation and cancellation -------------------------------------------------------------------------

    def _remember(self, activity: Activity) -> None:
        """Notes a completed activity that can be undone."""
        inner = activity.inside.records if activity.inside is not None else []
        if self.drawing.compensation_of(activity.element.id) or (activity.element.tag in SUBPROCESSES and inner):
            activity.scope.records.append(Record(activity.element, inner))

    def _compensate(self, scope: Scope, element: Element, wanted: str | None) -> Activity:
        """Begins to undo what was completed in a scope, latest first; `element` waits until all is done."""
        chosen = [record for record in scope.records if wanted in (None, record.element.id)]
        scope.records = [record for record in scope.records if record not in chosen]
        activity = Activity(element, scope, scope.layer, self._number())
        activity.to_undo = list(self._undone_by(chosen))
        scope.activities.append(activity)
        self._undo_next(activity)
        return activity

    def _undone_by(self, records: list[Record]) -> Iterator[Record]:
        for record in reversed(records):
            if self.drawing.compensation_of(record.element.id) is not None:
                yield record
            else:
                yield from self._undone_by(record.inner)

    def _undo_next(self, compensation: Activity) -> None:
        if not compensation.to_undo:
            self._compensated(compensation)
            return
        handler = self.drawing.compensation_of(compensation.to_undo.pop(0).element.id)
        assert handler is not None
        self._begin(compensation.scope, handler).undoes_for = compensation

    def _compensated(self, compensation: Activity) -> None:
        scope = compensation.scope
        scope.activities.remove(compensation)
        if compensation.element.event != "cancel":
            scope.tokens += compensation.element.outgoing
            return
        transaction = scope.owner
        assert transaction is not None
        event = _fitting(transaction, "cancel", None)
        assert event is not None
        self._leave_by_boundary(transaction, event)

    def _cancel(self, scope: Scope, element: Element) -> None:
        """A transaction is called off: what runs in it ends, what was completed in it is undone."""
        scope.clear()
        scope.armed.clear()
        self._compensate(scope, element, None)


def _fitting(activity: Activity, kind: str, code: str | None) -> Element | None:
    """The armed boundary event that catches: the one that names the code, else one that catches all."""
    armed = [event.element for event in activity.armed.values() if event.element.event == kind]
    for wanted in (code, None):
        for event in armed:
            if event.name == wanted:
                return event
    return None


def _hears(wait: Open, name: str | None) -> bool:
    return wait.kind == "broadcast" and wait.armed is not None and wait.armed.element.parts[wait.part].name == name


def _is_same(wait: Open, other: Open) -> bool:
    return wait.armed is other.armed and wait.part == other.part
