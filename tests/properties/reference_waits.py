"""What an instance of the reference game waits for, read off the objects on its board."""

from __future__ import annotations

from collections.abc import Iterator

from tests.properties.reference_drawing import Drawing
from tests.properties.reference_run import Activity, Open, Scope

WAITS = {"userTask": "item", "manualTask": "item", "task": "item", "serviceTask": "operation"}
WAITS_FOR_EVENT = {"message": "subscription", "timer": "timer"}

Numbers = tuple[int, ...]


def open_in(drawing: Drawing, scope: Scope, legs: Numbers = (), order: Numbers = ()) -> Iterator[Open]:
    """Everything a scope and the scopes inside it wait for; `legs` and `order` are those around it."""
    for id in scope.armed:
        start = drawing.start_of(id)
        yield Open(WAITS_FOR_EVENT[start.event], start.id, legs, order, scope, None)
    for activity in scope.activities:
        born = (*order, activity.number)
        for id in activity.armed:
            kind = WAITS_FOR_EVENT.get(drawing.elements[id].event)
            if kind is not None:
                yield Open(kind, id, legs, born, scope, activity)
        if activity.element.multi is None:
            yield from _open_of(drawing, activity, legs, born)
        for leg in activity.legs:
            yield from _open_of(drawing, leg, (*legs, leg.leg), (*born, leg.number))


def _open_of(drawing: Drawing, activity: Activity, legs: Numbers, order: Numbers) -> Iterator[Open]:
    if activity.inside is not None:
        yield from open_in(drawing, activity.inside, legs, order)
        return
    element = activity.element
    event = "message" if element.tag == "receiveTask" else element.event
    kind = WAITS.get(element.tag) or WAITS_FOR_EVENT[event]
    yield Open(kind, element.id, legs, order, activity.scope, activity)
