"""What the stored instances of a release are about: a process each, how far it had come, and how it is finished.

Only the writer draws them. A stored file brings its own processes and steps, so a later release plays what was stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.bpmn.diagram import Diagram
from tests.services.play import drawing, node, path

Step = list[Any]
"""["complete", node, {answers}], ["message", name, key], ["wait", minutes], ["retry", {variables}], ["press", node],
["work", topic, {results}] or ["broadcast", process that throws it]."""
Course = tuple[str, list[str], dict[str, Any], list[Step], list[Step]]
"""The process, its files, the variables it begins with, the steps to where it was stored, and those to its end."""


def courses() -> Iterator[Course]:
    """Every course."""
    yield _join()
    yield _legs()
    yield _limits()
    yield _race()
    yield _called()
    yield _failed()
    yield _undone()
    yield _outside()
    yield _heard()
    yield _rounds()


def _done(*nodes: str) -> list[Step]:
    return [["complete", each, {}] for each in nodes]


def _join() -> Course:
    diagram = Diagram("stored_join").start().inclusive("split", "join").user("a", "b", "c", "after").end()
    diagram.flow("start > split ?x > 0? a > join", "split ?x > 1? b > join", "split ?*? c > join > after > end")
    return "stored_join", [diagram.xml()], {"x": 2}, _done("a"), _done("b", "after")


def _legs() -> Course:
    diagram = Diagram("stored_legs").start()
    with diagram.subprocess("each", over="places", element="place", sequential=True, outputs=("seen", "said")):
        diagram.start("s").user("go", "tell").end("e").flow("s > go > tell > e")
    diagram.user("after").end().flow("start > each > after > end")
    told = [["complete", "tell", {"said": "dry"}]]
    start = [*_done("go"), *told, *_done("go")]
    return "stored_legs", [diagram.xml()], {"places": ["n", "s"]}, start, [*told, *_done("after")]


def _limits() -> Course:
    diagram = (
        Diagram("stored_limits").start().user("work").boundary("soon", "work", interrupting=False, cycle="R3/PT1H")
    )
    diagram.user("look").boundary("late", "work", timer="PT5H").user("repair").end()
    diagram.flow("start > work > end", "soon > look > end", "late > repair > end")
    return (
        "stored_limits",
        [diagram.xml()],
        {},
        [["wait", 61]],
        [["wait", 300], *_done("look", "look", "look", "repair")],
    )


def _race() -> Course:
    diagram = (
        Diagram("stored_race").start().event_gateway("first").catch("hear", message="reply").catch("t", timer="PT9H")
    )
    with diagram.event_subprocess("stop"):
        diagram.start("stopped", message="stop").user("tidy").flow("stopped > tidy")
    diagram.user("heard").end().flow("start > first > hear > heard > end", "first > t > end")
    return "stored_race", [diagram.xml()], {}, [], [["message", "reply", None], *_done("heard")]


def _called() -> Course:
    child = Diagram("stored_child").start().user("inside").end().flow("start > inside > end")
    diagram = (
        Diagram("stored_called").start().call("call", "stored_child", outputs={"got": "answer"}).user("after").end()
    )
    diagram.flow("start > call > after > end")
    both = [child.xml(), diagram.xml()]
    return "stored_called", both, {}, [], [["complete", "inside", {"answer": 5}], *_done("after")]


def _failed() -> Course:
    diagram = Diagram("stored_failed").start().exclusive("gate").user("high", "low").end()
    diagram.flow("start > gate ?depth > 9? high > end", "gate ?depth == 0? low > end")
    return "stored_failed", [diagram.xml()], {"depth": 5}, [], [["retry", {"depth": 10}], *_done("high")]


def _undone() -> Course:
    diagram = Diagram("stored_undone").start()
    for id_ in ("hotel", "flight"):
        diagram.user(id_, f"undo_{id_}").boundary(f"c_{id_}", id_, compensate="").undo(f"c_{id_}", f"undo_{id_}")
    diagram.user("sure").end().throw("back", compensate="")
    diagram.flow("start > hotel > flight > sure > back > end")
    return "stored_undone", [diagram.xml()], {}, _done("hotel", "flight"), _done("sure", "undo_flight", "undo_hotel")


def _outside() -> Course:
    text = drawing(
        "stored_outside",
        node("startEvent", "s")
        + node("serviceTask", "measure", 'cl:topic="gauge"')
        + node("userTask", "look")
        + node("endEvent", "e")
        + path("s", "measure", "look", "e"),
    )
    return "stored_outside", [text], {}, [], [["work", "gauge", {"level_cm": 210}], *_done("look")]


def _heard() -> Course:
    siren = Diagram("stored_siren").start().throw("sound", signal="alarm").end().flow("start > sound > end")
    guard = Diagram("stored_heard").start().user("patrol").boundary("heard", "patrol", signal="alarm").user("run").end()
    guard.flow("start > patrol > end", "heard > run > end")
    both = [siren.xml(), guard.xml()]
    return "stored_heard", both, {}, [], [["broadcast", "stored_siren"], *_done("run")]


def _rounds() -> Course:
    diagram = Diagram("stored_rounds").start().user("try", repeat="left > 0", most=5).user("after").end()
    diagram.flow("start > try > after > end")
    again, last = ["complete", "try", {"left": 1}], ["complete", "try", {"left": 0}]
    return "stored_rounds", [diagram.xml()], {}, [again], [again, last, *_done("after")]
