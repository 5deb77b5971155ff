"""The reference token game: clause 13 of BPMN 2.0.2 acted out on explicit tokens, written to be obvious.

Tokens lie on sequence flows; activities that have begun are objects in the scope they run in. After every stimulus
the game looks through everything for one thing that can happen, lets it happen, and looks again from the start.
Cancelling is forgetting the object. Nothing here imports the engine, and nothing here is fast.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.properties.conditions import holds
from tests.properties.reference_drawing import SUBPROCESSES, TASKS, Drawing, Element
from tests.properties.reference_join import is_activated, is_enough, is_reset
from tests.properties.reference_run import Activity, Armed, Layer, Open, Scope
from tests.properties.reference_throws import Throws
from tests.properties.reference_waits import open_in


class NoFlow(AssertionError):
    """No outgoing condition is true and there is no default: 13.4.2 and 13.4.3 ask for an exception."""


def _is_on_a_border(wait: Open) -> bool:
    return wait.armed is not None and wait.armed.element.attached_to is not None


class ReferenceGame(Throws):
    """One instance, played move by move. `outcome` stays None until it has ended."""

    def __init__(self, xml: str, variables: Mapping[str, Any]) -> None:
        self.drawing = Drawing(xml)
        self.outcome: str | None = None
        self.sent: list[str] = []
        self.called_out: list[str] = []
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

    def _oldest_first(self) -> list[Open]:
        """Everything the instance waits for in the order it was armed: what stands ready inside before the borders."""
        return sorted(open_in(self.drawing, self.root), key=lambda wait: (wait.order[-1:], _is_on_a_border(wait)))

    # -- stimuli -----------------------------------------------------------------------------------------------

    def complete(self, wait: Open, answers: Mapping[str, Any]) -> None:
        """A work item, an operation or a called process is done."""
        assert wait.activity is not None
        wait.activity.layer.values.update(answers)
        self._done(wait.activity)
        self._run()

    def happen(self, wait: Open, payload: Mapping[str, Any]) -> None:
        """A message or a signal arrives or a timer is due, wherever it is drawn."""
        self._happened(wait, payload)
        self._run()

    def throw(self, wait: Open, code: str) -> None:
        """A work item, an operation or a called process ends with a BPMN error."""
        assert wait.activity is not None
        self._throw_from(wait.activity, code)
        self._run()

    def _happened(self, wait: Open, payload: Mapping[str, Any]) -> None:
        """What was waited for has come; a parallel multiple event needs each of its parts."""
        activity, armed = wait.activity, wait.armed
        (wait.scope if activity is None else activity).layer.values.update(payload)
        if armed is not None and armed.element.every:
            armed.got.add(wait.part)
            if len(armed.got) < len(armed.element.parts):
                return
        if activity is None:
            self._start_event_subprocess(wait.scope, self.drawing.elements[wait.node].within, {})
        elif armed is None or armed is activity.own:
            self._done(activity)
        elif armed.element.attached_to is not None:
            self._leave_by_boundary(activity, armed.element)
        else:  # an event behind an event-based gateway
            activity.scope.activities.remove(activity)
            activity.scope.tokens += armed.element.outgoing

    # -- the game ----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while self.outcome is None and (
            self._move_a_token()
            or self._complete_a_scope()
            or self._pass_an_inclusive_join()
            or self._reset_a_complex_gateway()
            or self._see_a_condition()
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
                if element.tag == "complexGateway":
                    if self._at_complex_gateway(scope, element, arrow):
                        return True
                    continue
                used = element.incoming if element.tag == "parallelGateway" else [arrow]
                for one in used:
                    scope.tokens.remove(one)
                self._enter(scope, element)
                return True
        return False

    def _at_complex_gateway(self, scope: Scope, element: Element, arrow: str) -> bool:
        delivered = scope.passed.get(element.id)
        if delivered is not None:
            if arrow in delivered:
                return False  # it waits for the next round
            scope.tokens.remove(arrow)
            delivered.add(arrow)
            return True
        if not is_enough(scope, element):
            return False
        scope.passed[element.id] = {id for id in element.incoming if id in scope.tokens}
        for id in scope.passed[element.id]:
            scope.tokens.remove(id)
        scope.tokens += self._true_flows(scope, element)
        return True

    def _reset_a_complex_gateway(self) -> bool:
        for scope in self._scopes():
            for id in scope.passed:
                if is_reset(self.drawing, scope, self.drawing.elements[id]):
                    del scope.passed[id]
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
            self._throw_on_the_way(scope, element)
        else:
            self._begin(scope, element)

    def _true_flows(self, scope: Scope, source: Element) -> list[str]:
        """The flows out of a gateway or activity that are taken; of one without conditions all."""
        arrows = [self.drawing.arrows[id] for id in source.outgoing]
        if len(arrows) == 1 or (source.default is None and all(arrow.condition is None for arrow in arrows)):
            return source.outgoing
        always = not source.tag.endswith("Gateway")  # out of an activity a flow without condition is always taken
        chosen = []
        for arrow in arrows:
            is_open = always if arrow.condition is None else holds(arrow.condition, scope.layer.read)
            if arrow.id != source.default and is_open:
                chosen.append(arrow.id)
        if not chosen and source.default is None:
            raise NoFlow(source.id)
        return chosen or [str(source.default)]

    def _throw_on_the_way(self, scope: Scope, element: Element) -> None:
        if element.event == "link":
            scope.tokens += self.drawing.landing_of(element).outgoing
        elif element.event == "compensation":
            self._compensate(scope, element, element.name)
        else:
            scope.tokens += element.outgoing
            self._throw_parts(scope, element)

    def _end(self, scope: Scope, element: Element) -> None:
        if element.event == "terminate":
            scope.clear()
            if scope is self.root:
                self.outcome = "terminated"
        elif element.event == "error":
            self._throw_out_of(scope, element.name)
        elif element.event == "cancel":
            self._cancel(scope, element)
        elif element.event == "compensation":
            self._compensate(scope, element, element.name)
        else:
            self._throw_parts(scope, element)

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

    def _see_a_condition(self) -> bool:
        """At rest, the oldest conditional event whose condition has become true since the last look happens."""
        due: Open | None = None
        for wait in self._oldest_first():
            if wait.kind == "condition":
                armed = wait.armed
                assert armed is not None
                layer = wait.scope.layer if wait.activity is None else wait.activity.layer
                now = holds(str(armed.element.parts[wait.part].condition), layer.read)
                if now and not armed.was_true:
                    due = due or wait
                else:
                    armed.was_true = now
        if due is None:
            return False
        assert due.armed is not None
        due.armed.was_true = True
        self._happened(due, {})
        return True

    # -- activities --------------------------------------------------------------------------------------------

    def _open_scope(self, id: str, layer: Layer, owner: Activity | None) -> Scope:
        scope = Scope(id, layer, owner)
        for event_subprocess in self.drawing.event_subprocesses(id):
            start = self.drawing.start_of(event_subprocess.id)
            scope.armed[event_subprocess.id] = Armed(start, start.fires)
        scope.tokens += self.drawing.start_of(id).outgoing
        return scope

    def _begin(self, scope: Scope, element: Element) -> Activity:
        activity = Activity(element, scope, scope.layer, self._number())
        scope.activities.append(activity)
        if element.tag == "eventBasedGateway":
            targets = [self.drawing.elements[self.drawing.arrows[id].target] for id in element.outgoing]
            activity.armed = {event.id: Armed(event, event.fires if event.parts else None) for event in targets}
        elif element.tag == "intermediateCatchEvent":
            activity.own = Armed(element, element.fires)
        else:
            activity.armed = {e.id: Armed(e, e.fires) for e in self.drawing.boundaries(element.id)}
            if element.multi is not None:
                self._begin_legs(activity)
            elif not self._next_round(activity):
                self._done(activity)
        return activity

    def _work(self, activity: Activity) -> None:
        tag = activity.element.tag
        if tag == "adHocSubProcess":
            self._open_adhoc(activity)
        elif tag in SUBPROCESSES:
            activity.inside = self._open_scope(activity.element.id, activity.layer, activity)
        elif tag == "sendTask":
            self._throw_parts(activity.scope, activity.element)
            self._done(activity)

    def _done(self, activity: Activity) -> None:
        if activity.leg_of is not None:
            self._leg_done(activity.leg_of, activity)
            return
        if activity.element.again is not None and self._next_round(activity):
            return
        self._fill_output(activity)
        activity.over = True
        scope = activity.scope
        scope.activities.remove(activity)
        if activity.element.tag in TASKS and not activity.element.by_event:
            self._remember(activity)
        if activity.undoes_for is not None:
            self._undo_next(activity.undoes_for)
            return
        scope.tokens += self._true_flows(scope, activity.element)
        if scope.owner is not None and scope.owner.element.tag == "adHocSubProcess" and not scope.tokens:
            self._adhoc_went_on(scope.owner)
