"""What an instance of the reference game waits for, read off the objects on its board."""

from __future__ import annotations

from collections.abc import Iterator

from tests.properties.reference_drawing import Drawing
from tests.properties.reference_run import Activity, Armed, Open, Scope

WORK = {
    "userTask": "item",
    "manualTask": "item",
    "task": "item",
    "serviceTask": "operation",
    "callActivity": "call",
    "receiveTask": "subscription",
}
WAITS_FOR = {"message": "subscription", "timer": "timer", "signal": "broadcast", "conditional": "condition"}

Numbers = tuple[int, ...]


def open_in(drawing: Drawing, scope: Scope, legs: Numbers = (), order: Numbers = ()) -> Iterator[Open]:
    """Everything a scope and the scopes inside it wait for, oldest first; `legs` and `order` are those around it."""
    for armed in scope.armed.values():
        yield from _parts(armed, legs, order, scope, None)
    for activity in scope.activities:
        born = (*order, activity.number)
        for armed in activity.armed.values():
            yield from _parts(armed, legs, born, scope, activity)
        if activity.element.multi is None:
            yield from _open_of(drawing, activity, legs, born)
        for leg in activity.legs:
            yield from _open_of(drawing, leg, (*legs, leg.leg), (*born, leg.number))


def _parts(armed: Armed, legs: Numbers, order: Numbers, scope: Scope, activity: Activity | None) -> Iterator[Open]:
    """What an armed event waits for; errors, escalations, compensation and cancellation are thrown, never awaited."""
    if armed.element.tag == "receiveTask":
        yield Open("subscription", armed.element.id, legs, order, scope, activity, armed)
    for number, part in enumerate(armed.element.parts):
        if part.kind in WAITS_FOR and number not in armed.got:
            yield Open(WAITS_FOR[part.kind], armed.element.id, legs, order, scope, activity, armed, number)


def _open_of(drawing: Drawing, activity: Activity, legs: Numbers, order: Numbers) -> Iterator[Open]:
    if activity.inside is not None:
        yield from open_in(drawing, activity.inside, legs, order)
    elif activity.own is not None:
        yield from _parts(activity.own, legs, order, activity.scope, activity)
    elif activity.element.tag in WORK:
        yield Open(WORK[activity.element.tag], activity.element.id, legs, order, activity.scope, activity)
