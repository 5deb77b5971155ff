"""When an inclusive join is activated and a complex one reset: the path rules of BPMN 2.0.2, 13.4.3 and 13.4.5."""

from __future__ import annotations

from tests.properties.conditions import holds
from tests.properties.reference_drawing import Drawing, Element
from tests.properties.reference_run import Scope


def is_activated(drawing: Drawing, scope: Scope, join: Element) -> bool:
    """Whether every token with a path to an empty incoming flow also has one to a flow that holds a token.

    Paths do not visit the join and do not leave the scope. An activity that has begun counts as a token on its way
    to wherever it can be left for, by its outgoing flows or by its boundary events.
    """
    full = {id for id in join.incoming if id in scope.tokens}
    empty = set(join.incoming) - full
    return not any(flows & empty and not flows & full for flows in flows_ahead(drawing, scope, join))


def is_enough(scope: Scope, join: Element) -> bool:
    """Whether the tokens before a complex gateway are as many as its activation condition asks for."""
    count = len({id for id in join.incoming if id in scope.tokens})
    if join.activation is None:
        return count == len(join.incoming)
    return count > 0 and holds(join.activation, lambda n: count if n == "activationCount" else scope.layer.read(n))


def is_reset(drawing: Drawing, scope: Scope, join: Element) -> bool:
    """Whether a complex gateway that has fired waits for nothing more: all flows delivered, or nobody can any more."""
    missing = set(join.incoming) - scope.passed[join.id]
    return not any(flows & missing for flows in flows_ahead(drawing, scope, join))


def flows_ahead(drawing: Drawing, scope: Scope, join: Element) -> list[set[str]]:
    """For each token of the scope the flows on its paths."""
    starts = [[id] for id in scope.tokens] + [_ways_out(drawing, activity.element) for activity in scope.activities]
    return [_paths(drawing, start, join) for start in starts]


def _ways_out(drawing: Drawing, element: Element) -> list[str]:
    if element.event == "link" and element.tag == "intermediateThrowEvent":
        return drawing.landing_of(element).outgoing
    return element.outgoing + [id for event in drawing.boundaries(element.id) for id in event.outgoing]


def _paths(drawing: Drawing, start: list[str], join: Element) -> set[str]:
    reached: set[str] = set()
    ahead = list(start)
    while ahead:
        id = ahead.pop()
        if id not in reached:
            reached.add(id)
            target = drawing.elements[drawing.arrows[id].target]
            if target is not join:
                ahead += _ways_out(drawing, target)
    return reached
