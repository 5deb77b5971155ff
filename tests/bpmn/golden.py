"""States in the middle of everything, kept as bytes with their nets: what a city has stored must load for ever.

Run as a module to write those that are missing; what is there is never written again. A new codec version adds its
own files beside the old ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine.bpmn.net_codec import net_to_bytes
from engine.bpmn.state import VERSION, state_to_bytes
from tests.bpmn.course import Course
from tests.bpmn.diagram import Diagram

FOLDER = Path(__file__).parent / "states"


@dataclass(frozen=True)
class Golden:
    """A drawing, how far it was played before it was stored, and how it goes on to its end."""

    diagram: Callable[[], Diagram]
    reach: Callable[[Course], object]
    finish: Callable[[Course], object]
    variables: dict[str, object]

    def reached(self) -> Course:
        """The instance at the point where it was stored."""
        course = Course(self.diagram(), **self.variables)
        self.reach(course)
        return course


def _rework() -> Diagram:
    diagram = Diagram().start().exclusive("again", "enough").inclusive("split", "join").user("a", "b", "check").end()
    diagram.flow("start > again > split ?true? a > join > check > enough ?done? end", "enough ?*? again")
    return diagram.flow("split ?both? b > join")


def _departments() -> Diagram:
    diagram = Diagram().start().user("after", "late").end("end", "off")
    with diagram.subprocess("leg", over="units", element="unit", outputs=("all", "report"), until="stop"):
        diagram.start("in").user("sign").user("team", times="2").user("sum").end("out")
        diagram.flow("in > sign > team > sum > out")
        with diagram.event_subprocess("news"):
            diagram.start("n1", message="news", interrupting=False).user("read").end("n2").flow("n1 > read > n2")
    diagram.boundary("due", "leg", cycle="R3/PT10M", interrupting=False)
    return diagram.flow("start > leg > after > end", "due > late > off")


def _outside() -> Diagram:
    diagram = (
        Diagram().start().parallel("split", "join").service("op").receive("mail").catch("wait", timer="PT1H").end()
    )
    diagram.call("sub", "child", {"x": "n"}, {"y": "z"}, times="2", sequential=True).exclusive("gate").user("a")
    diagram.flow("start > split > op > join > end", "split > mail > join", "split > wait > join")
    diagram.exclusive("merge").flow("split > sub > join", "split > gate ?way == 1? a > merge > join")
    return diagram.flow("gate ?way == 2? merge")


def _events() -> Diagram:
    diagram = Diagram().start().parallel("split", "join").user("work", "note", "high", "after").exclusive("merge")
    diagram.event_gateway("g").catch("mail", message="mail").catch("flood", signal="flood").end("e1", "e2", "end")
    diagram.catch("both", every=True, message="report", condition="x > 1", timer=["PT1H", "PT2H"])
    diagram.boundary("remind", "work", interrupting=False, cycle="0 0 * * * ?").flow("remind > note > e1")
    diagram.boundary("rise", "work", interrupting=False, condition="x > 2").flow("rise > high > e2")
    diagram.flow("start > split > work > join > after > end", "split > g > mail > merge > join", "g > flood > merge")
    with diagram.event_subprocess("h"):
        diagram.start("s", interrupting=False, signal="stand_down", message="stop").end("e3").flow("s > e3")
    return diagram.flow("split > both > join")


def _finish_events(course: Course) -> None:
    course.fire("remind").broadcast("flood").message("both", x=3).fire("both").complete("high", x=0)
    course.complete("note").complete("note").complete("work").complete("after")


def _finish_departments(course: Course) -> None:
    course.fire("due").complete("team[2.2]", "sum[2]", "read[1]", "sign[1]", "team[1.1]", "team[1.2]")
    course.complete("sum[1]").complete("late", "late", "after")


def _undoable(diagram: Diagram, *ids: str, **multi: Any) -> Diagram:
    for id in ids:
        diagram.user(id, **multi).user(f"undo_{id}").boundary(f"c_{id}", id, compensate="")
        diagram.undo(f"c_{id}", f"undo_{id}")
    return diagram


def _undoing() -> Diagram:
    diagram = _undoable(Diagram().start(), "first").throw("back", compensate="").user("after").end()
    with diagram.subprocess("leg", over="units", element="unit"):
        _undoable(diagram.start("in"), "a").flow("in > a")
        with diagram.event_subprocess("undo"):
            diagram.start("u1", compensate="").user("tell").throw("u2", compensate="").flow("u1 > tell > u2")
    return diagram.flow("start > first > leg > back > after > end")


def _transaction() -> Diagram:
    diagram = Diagram().start().user("after", "off").end()
    with diagram.transaction("t"):
        _undoable(diagram.start("in"), "a", "b").user("check").exclusive("gate").end("ok").end("no", cancel="")
        diagram.flow("in > a > b > check > gate ?way? ok", "gate ?*? no")
    diagram.boundary("cancelled", "t", cancel="").boundary("due", "t", timer="PT1H", interrupting=False).user("late")
    return diagram.flow("start > t > after > end", "cancelled > off", "due > late")


def _plan() -> Diagram:
    diagram = Diagram().start().user("after").end()
    with diagram.adhoc("outer", "enough", sequential=True):
        with diagram.adhoc("inner", "enough", rest=False):
            diagram.user("a", "b").send("ping")
        diagram.user("c")
    return diagram.flow("start > outer > after > end")


def _loop() -> Diagram:
    diagram = (
        Diagram().start().parallel("split").complex("enough", "activationCount >= needed").user("d", "after").end()
    )
    with diagram.subprocess("round", repeat="loopCounter < 3", before=True):
        diagram.start("in").user("x", times="2", sequential=True).flow("in > x")
    diagram.boundary("due", "round", timer="PT1H", interrupting=False).user("late", most=2)
    diagram.flow("start > split > round > enough > after > end", "split > d > enough", "due > late")
    return diagram.user("e").flow("split > e > enough")


def _choice() -> Diagram:
    diagram = Diagram().start().parallel("split").event_gateway("which").event_gateway("all", parallel=True).end()
    diagram.catch("mail", message="m").catch("alarm", timer="PT1H").catch("call", signal="s").catch(
        "dry", condition="dry"
    )
    diagram.user("a", "b").catch("both", every=True, message=["x", "y"]).boundary("wet", "a", condition="wet").user("c")
    diagram.flow("start > split > which > mail > a > end", "which > alarm > b > end", "split > all > call > b")
    return diagram.flow("all > dry > b", "split > both > a", "wet > c > end")


GOLDEN = {
    "rework": Golden(
        _rework,
        lambda c: c.complete("b", "a").complete("check", done=False).complete("a"),
        lambda c: c.complete("b").complete("check", done=True),
        {"both": True, "spent": timedelta(minutes=90), "note": "积水 40 厘米", "depth": 0.4, "seen": [None, True, -7]},
    ),
    "departments": Golden(
        _departments,
        lambda c: c.message("n1[1]", text="x").fire("due").complete("sign[2]", report="b").complete("team[2.1]"),
        _finish_departments,
        {"units": ["water", "fire"], "stop": False},
    ),
    "outside": Golden(
        _outside,
        lambda c: c.fail("op").return_from("sub[1]"),
        lambda c: (
            c.retry("op").succeed("op").message("mail").fire("wait").retry("sub[1]", z=1).return_from("sub[2]", z=2)
        ).retry("gate", way=2),
        {"n": 3, "way": 0},
    ),
    "events": Golden(_events, lambda c: c.fire("remind").fire("both"), _finish_events, {"x": 0}),
    "undoing": Golden(
        _undoing,
        lambda c: c.complete("first", "a[2]", "a[1]").complete("tell[1]", note="x"),
        lambda c: c.complete("undo_a[1]").complete("tell[2]").complete("undo_a[2]").complete("undo_first", "after"),
        {"units": ["water", "fire"]},
    ),
    "transaction": Golden(
        _transaction,
        lambda c: c.fire("due").complete("a", "b").complete("check", way=False).complete("undo_b"),
        lambda c: c.complete("late").complete("undo_a").complete("off"),
        {},
    ),
    "plan": Golden(
        _plan,
        lambda c: c.complete("b").complete("a"),
        lambda c: c.complete("b", enough=True).complete("a").complete("after"),
        {"enough": False},
    ),
    "loop": Golden(
        _loop,
        lambda c: c.complete("x[1]").complete("x[2]").complete("x[1]").fire("due").complete("late").complete("d"),
        lambda c: c.complete("x[2]").complete("x[1]").complete("x[2]").complete("late", "e", "after"),
        {"needed": 1},
    ),
    "choice": Golden(
        _choice,
        lambda c: c.message("both", n=1),
        lambda c: (
            c.message("mail").complete("a", dry=True).broadcast("call").complete("b", "b").message("both").complete("a")
        ),
        {"dry": False, "wet": False},
    ),
}


def path(name: str, what: str, version: int = VERSION) -> Path:
    """Where the `net` or `state` of a golden instance of one codec version is kept."""
    return FOLDER / f"{name}.{version}.{what}.bin"


def main() -> None:
    """Writes the missing files."""
    FOLDER.mkdir(exist_ok=True)
    for name, golden in GOLDEN.items():
        if not path(name, "state").exists():
            course = golden.reached()
            path(name, "net").write_bytes(net_to_bytes(course.net))
            path(name, "state").write_bytes(state_to_bytes(course.state))


if __name__ == "__main__":
    main()
