"""The reference token game: clause 13 of BPMN 2.0.2 acted out on explicit tokens, written to be obvious.

Tokens lie on sequence flows; activities that have begun are objects in the scope they run in. After every stimulus
the game looks through everything for one thing that can happen, lets it happen, and looks again from the start.
Cancelling is forgetting the object. Nothing here imports the engine, and nothing here is fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.properties.conditions import holds
from tests.properties.reference_drawing import Drawing, Element
from tests.properties.reference_join import is_activated
from tests.properties.reference_legs import Legs
from tests.properties.reference_run import Activity, Layer, Open, Scope, use_up
from tests.properties.reference_waits import open_in


class NoFlow(AssertionError):
    """No outgoing condition is true and there is no default: 13.4.2 and 13.4.3 ask for an exception."""


class ReferenceGame(Legs):
    """One instance, played move by move. `outcome` stays None until it has ended."""

    def __init__(self, xml: str, variables: Mapping[str, Any]) -> None:
        self.drawing = Drawing(xml)
        self.outcome: str | None = None
        self.sent: list[str] = []
        self.root = self._open_scope(self.drawing.process, Layer(None, None, **variables), None)
        self._run()

    @property
    def variables(self) -> dict[str, Any]:
        """The variables of the instance itself."""
        return self.root.layer.values

    # -- what it waits for -------------------------------------------------------------------------------------

    def open(self) -> list[Open]:
        """Everything the instance waits for, in an order both games can reproduce."""
        if self.outcome is not None:
            return []
        return sorted(open_in(self.drawing, self.root), key=lambda wait: (wait.key, wait.order))

    # -- stimuli -----------------------------------------------------------------------------------------------

    def complete(self, wait: Open, answers: Mapping[str, Any]) -> None:
        """A work item or an operation is done, or the awaited message or instant of the flow has come."""
        assert wait.activity is not None
        wait.activity.layer.values.update(answers)
        self._done(wait.activity)
        self._run()

    def happen(self, wait: Open, payload: Mapping[str, Any]) -> None:
        """A message arrives or a timer is due, wherever it is drawn."""
        activity = wait.activity
        if activity is None:
            self._start_event_subprocess(wait.scope, self.drawing.elements[wait.node].within, payload)
        elif activity.element.id == wait.node:
            activity.layer.values.update(payload)
            self._done(activity)
        else:
            activity.layer.values.update(payload)
            self._leave_by_boundary(activity, self.drawing.elements[wait.node])
        self._run()

    def throw(self, wait: Open, code: str) -> None:
        """A work item or an operation ends with a BPMN error."""
        assert wait.activity is not None
        self._throw_from(wait.activity, code)
        self._run()

    # -- the game ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while self.outcome is None and (
            self._move_a_token() or self._complete_a_scope() or self._pass_an_inclusive_join()
        ):
            pass

    def _scopes(self) -> list[Scope]:
        found = [self.root]
        for scope in found:
            for activity in scope.activities:
                found += [run.inside for run in (activity, *activity.legs) if run.inside is not None]
        return found

    def _move_a_token(self) -> bool:
        for scope in self._scopes():
            for arrow in scope.tokens:
                element = self.drawing.elements[self.drawing.arrows[arrow].target]
                if element.tag == "inclusiveGateway" and len(element.incoming) > 1:
                    continue
                if element.tag == "parallelGateway" and not all(i in scope.tokens for i in element.incoming):
                    continue
                used = element.incoming if element.tag == "parallelGateway" else [arrow]
                for one in used:
                    scope.tokens.remove(one)
                self._enter(scope, element)
                return True
        return False

    def _enter(self, scope: Scope, element: Element) -> None:
        if element.tag == "exclusiveGateway":
            scope.tokens += self._true_flows(scope, element)[:1]
        elif element.tag == "inclusiveGateway":
            scope.tokens += self._true_flows(scope, element)
        elif element.tag == "parallelGateway":
            scope.tokens += element.outgoing
        elif element.tag == "endEvent":
            self._end(scope, element)
        elif element.tag == "intermediateThrowEvent":
            self._send(element)
            scope.tokens += element.outgoing
        else:
            self._begin(scope, element)

    def _true_flows(self, scope: Scope, gateway: Element) -> list[str]:
        if len(gateway.outgoing) == 1:
            return gateway.outgoing
        chosen = []
        for id in gateway.outgoing:
            condition = self.drawing.arrows[id].condition
            if id != gateway.default and condition is not None and holds(condition, scope.layer.read):
                chosen.append(id)
        if not chosen and gateway.default is None:
            raise NoFlow(gateway.id)
        return chosen or [str(gateway.default)]

    def _end(self, scope: Scope, element: Element) -> None:
        if element.event == "terminate":
            scope.tokens.clear()
            scope.activities.clear()
            if scope is self.root:
                self.outcome = "terminated"
        elif element.event == "error":
            self._throw_out_of(scope, element.error_code)
        else:
            self._send(element)

    def _send(self, element: Element) -> None:
        if element.event == "message" or element.tag == "sendTask":
            self.sent.append(element.id)

    def _complete_a_scope(self) -> bool:
        for scope in self._scopes():
            if not scope.tokens and not scope.activities:
                if scope.owner is None:
                    self.outcome = "completed"
                else:
                    self._done(scope.owner)
                return True
        return False

    def _pass_an_inclusive_join(self) -> bool:
        for scope in self._scopes():
            for arrow in scope.tokens:
                element = self.drawing.elements[self.drawing.arrows[arrow].target]
                if element.tag == "inclusiveGateway" and self._is_activated(scope, element):
                    for id in element.incoming:
                        if id in scope.tokens:
                            scope.tokens.remove(id)
                    self._enter(scope, element)
                    return True
        return False

    def _is_activated(self, scope: Scope, join: Element) -> bool:
        return is_activated(self.drawing, scope, join)

    # -- activities --------------------------------------------------------------------------------------------

    def _open_scope(self, id: str, layer: Layer, owner: Activity | None) -> Scope:
        scope = Scope(id, layer, owner)
        for event_subprocess in self.drawing.event_subprocesses(id):
            scope.armed[event_subprocess.id] = self.drawing.start_of(event_subprocess.id).fires
        scope.tokens += self.drawing.start_of(id).outgoing
        return scope

    def _begin(self, scope: Scope, element: Element) -> None:
        activity = Activity(element, scope, scope.layer, self._number())
        activity.armed = {event.id: event.fires for event in self.drawing.boundaries(element.id)}
        scope.activities.append(activity)
        if element.multi is not None:
            self._begin_legs(activity)
        else:
            self._work(activity)

    def _work(self, activity: Activity) -> None:
        if activity.element.tag == "subProcess":
            activity.inside = self._open_scope(activity.element.id, activity.layer, activity)
        elif activity.element.tag == "sendTask":
            self._send(activity.element)
            self._done(activity)

    def _done(self, activity: Activity) -> None:
        if activity.leg_of is not None:
            self._leg_done(activity.leg_of, activity)
        else:
            self._fill_output(activity)
            activity.over = True
            activity.scope.activities.remove(activity)
            activity.scope.tokens += activity.element.outgoing

    # -- events that leave the flow ----------------------------------------------------------------------------

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
            scope.tokens.clear()
            scope.activities.clear()
            scope.armed.clear()
        else:
            use_up(scope.armed, element.id)
        scope.layer.values.update(payload)
        activity = Activity(element, scope, scope.layer, self._number())
        activity.inside = self._open_scope(element.id, scope.layer, activity)
        scope.activities.append(activity)

    def _throw_from(self, activity: Activity, code: str | None) -> None:
        """The innermost activity around the thrower with a fitting boundary event catches."""
        outer = activity.leg_of or activity
        for event in self.drawing.boundaries(outer.element.id):
            if event.event == "error" and event.error_code in (None, code):
                self._leave_by_boundary(outer, event)
                return
        self._throw_out_of(outer.scope, code)

    def _throw_out_of(self, scope: Scope, code: str | None) -> None:
        if scope.owner is None:
            self.outcome = "error"
        else:
            self._throw_from(scope.owner, code)
