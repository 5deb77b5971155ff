"""The reference token game: clause 13 of BPMN 2.0.2 acted out on explicit tokens, written to be obvious.

Tokens lie on sequence flows; activities that have begun are objects in the scope they run in. After every stimulus
the game looks through everything for one thing that can happen, lets it happen, and looks again from the start.
Cancelling is forgetting the object. Nothing here imports the engine, and nothing here is fast.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.properties.conditions import holds
from tests.properties.reference_drawing import Drawing, Element
from tests.properties.reference_join import is_activated
from tests.properties.reference_run import Activity, Layer, Open, Scope, use_up

WAITS = {"userTask": "item", "manualTask": "item", "task": "item", "serviceTask": "operation"}
WAITS_FOR_EVENT = {"message": "subscription", "timer": "timer"}


class NoFlow(AssertionError):
    """No outgoing condition is true and there is no default: 13.4.2 and 13.4.3 ask for an exception."""


class ReferenceGame:
    """One instance, played move by move. `outcome` stays None until it has ended."""

    def __init__(self, xml: str, variables: Mapping[str, Any]) -> None:
        self.drawing = Drawing(xml)
        self.outcome: str | None = None
        self.sent: list[str] = []
        self._numbers = 0
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
        return sorted(self._open_in(self.root, (), ()), key=lambda wait: (wait.key, wait.order))

    def _open_in(self, scope: Scope, legs: tuple[int, ...], order: tuple[int, ...]) -> Iterator[Open]:
        for id in scope.armed:
            start = self.drawing.start_of(id)
            yield Open(WAITS_FOR_EVENT[start.event], start.id, legs, order, scope, None)
        for activity in scope.activities:
            born = (*order, activity.number)
            for id in activity.armed:
                kind = WAITS_FOR_EVENT.get(self.drawing.elements[id].event)
                if kind is not None:
                    yield Open(kind, id, legs, born, scope, activity)
            if activity.element.multi is None:
                yield from self._open_of(activity, legs, born)
            for leg in activity.legs:
                yield from self._open_of(leg, (*legs, leg.leg), (*born, leg.number))

    def _open_of(self, activity: Activity, legs: tuple[int, ...], order: tuple[int, ...]) -> Iterator[Open]:
        if activity.inside is not None:
            yield from self._open_in(activity.inside, legs, order)
            return
        element = activity.element
        event = "message" if element.tag == "receiveTask" else element.event
        kind = WAITS.get(element.tag) or WAITS_FOR_EVENT[event]
        yield Open(kind, element.id, legs, order, activity.scope, activity)

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
                if element.tag == "inclusiveGateway" and is_activated(self.drawing, scope, element):
                    for id in element.incoming:
                        if id in scope.tokens:
                            scope.tokens.remove(id)
                    self._enter(scope, element)
                    return True
        return False

    # -- activities --------------------------------------------------------------------------------------------

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

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

    def _begin_legs(self, activity: Activity) -> None:
        multi = activity.element.multi
        assert multi is not None
        if multi.collection is not None:
            activity.elements = list(activity.layer.read(multi.collection))
        else:
            number = str(multi.cardinality)
            activity.elements = [None] * (int(number) if number.isdigit() else activity.layer.read(number))
        activity.outputs = [None] * len(activity.elements)
        if not activity.elements:
            self._done(activity)
        for place in range(1 if multi.sequential and activity.elements else len(activity.elements)):
            if not activity.over:
                self._begin_leg(activity, place)

    def _begin_leg(self, activity: Activity, place: int) -> None:
        multi = activity.element.multi
        assert multi is not None
        leg = Activity(activity.element, activity.scope, activity.layer, self._number())
        leg.leg_of = activity
        leg.leg = place + 1
        leg.layer = Layer(activity.layer, leg, loopCounter=leg.leg)
        if multi.element is not None:
            leg.layer.values[multi.element] = activity.elements[place]
        activity.legs.append(leg)
        self._work(leg)

    def _leg_done(self, activity: Activity, leg: Activity) -> None:
        multi = activity.element.multi
        assert multi is not None
        activity.legs.remove(leg)
        activity.ended_legs += 1
        if multi.output_element is not None:
            activity.outputs[leg.leg - 1] = leg.layer.read(multi.output_element)
        private = ("loopCounter", multi.element)
        activity.layer.values.update({n: value for n, value in leg.layer.values.items() if n not in private})
        counts = activity.counts()
        if multi.completion is not None and holds(
            multi.completion, lambda name: counts[name] if name in counts else activity.layer.read(name)
        ):
            activity.legs.clear()
            self._done(activity)
        elif activity.ended_legs == len(activity.elements):
            self._done(activity)
        elif multi.sequential:
            self._begin_leg(activity, activity.ended_legs)

    def _fill_output(self, activity: Activity) -> None:
        """The output collection is not there before the multi-instance activity is done."""
        multi = activity.element.multi
        if multi is not None and multi.output_collection is not None:
            activity.layer.values[multi.output_collection] = list(activity.outputs)

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
