"""The activities of random models: tasks, sub-processes, multi-instance."""

from __future__ import annotations

import random
from typing import Any

from tests.properties.model_parts import LISTS, VARIABLES, WORDS, Place, Style, Write
from tests.properties.pen import Pen

Ends = tuple[str, str]  # first and last node of a block


class Activities:
    """Draws what waits or works; the gateways and events around it are drawn by subclasses."""

    def __init__(self, seed: int, style: Style) -> None:
        self.seed = seed
        self.style = style
        self.random = random.Random(seed)
        self.pen = Pen()
        self.left = self.random.randint(4, style.budget)
        self.writes: dict[str, tuple[Write, ...]] = {}
        self.codes: dict[str, tuple[str, ...]] = {}

    def sequence(self, place: Place) -> Ends:
        """Draws blocks one after the other."""
        raise NotImplementedError

    def event_subprocess(self, place: Place, *, code: str | None = None, escalation: str | None = None) -> None:
        """Draws an event sub-process into the current scope."""
        raise NotImplementedError

    def throwing_end(self, last: str, place: Place) -> None:
        """Draws a user task and an end event behind it that throws something."""
        raise NotImplementedError

    def fill(self, place: Place, *, first: str | None = None, user_first: bool = False) -> None:
        """Draws the content of a scope: a start event, blocks, one or two end events, event sub-processes."""
        start = first or self.pen.node("startEvent")
        code, raised = (self.pen.id(word) if self.chance(self.caught_inside) else None for word in ("E", "X"))
        outer, place = (
            place,
            place.deeper(
                depth=place.depth,
                codes=place.codes + ((code,) if code else ()),
                escalations=place.escalations + ((raised,) if raised else ()),
            ),
        )
        if user_first:
            begin = self.user(place)
            self.pen.flow(start, begin)
            start = begin
        entry, last = self.sequence(place)
        self.pen.flow(start, entry)
        if self.chance(0.15) and not place.simple:
            split = self.pen.node("parallelGateway")
            self.pen.flow(last, split)
            for _ in range(2):
                branch, last = self.sequence(place.deeper())
                self.pen.flow(split, branch)
                self.end(last)
        elif self.chance(self.caught_inside):
            self.throwing_end(last, place)
        else:
            self.end(last)
        if code:
            self.event_subprocess(outer, code=code)
        if raised:
            self.event_subprocess(outer, escalation=raised)
        if self.chance(self.style.event_subprocesses):
            self.event_subprocess(outer)

    @property
    def caught_inside(self) -> float:
        """How likely a scope has an event sub-process for what is thrown in it, or an end that throws."""
        return 0 if self.style.spiff else 0.12

    def end(self, last: str, *, message_too: bool = True) -> str:
        """Draws an end event, none or now and then message, behind a node."""
        end = self.pen.node("endEvent")
        if message_too and self.chance(0.1) and not self.style.spiff:
            self.pen.message(end)
        self.pen.flow(last, end)
        return end

    # -- tasks -------------------------------------------------------------------------------------------------

    def user(self, place: Place, *writes: Write) -> str:
        """A user task that writes what is asked for and one or two variables more."""
        task = self.pen.node("userTask")
        self.writes[task] = writes + self.some_writes()
        self.codes[task] = place.codes
        return task

    def some_writes(self) -> tuple[Write, ...]:
        """None to two variables with the values they may get."""
        if self.style.spiff:
            return ()
        names = self.random.sample(sorted(VARIABLES), self.random.choice((0, 1, 1, 2)))
        return tuple(Write(name, VARIABLES[name]) for name in names)

    def task(self, place: Place) -> Ends:
        """One node that works or waits, of any kind."""
        kind = self.pick(self.style.tasks)
        self.left -= 1
        if kind == "user" or (self.style.spiff and place.in_leg):  # there a message would reach every leg
            node = self.user(place)
        elif kind == "manual":
            node = self.pen.node("manualTask" if self.style.spiff else self.random.choice(("manualTask", "task")))
        elif kind == "service":
            node = self.pen.service("look_up")
            self.writes[node] = self.some_writes()
            self.codes[node] = place.codes
        elif kind == "catch_timer":
            node = self.pen.node("intermediateCatchEvent")
            self.pen.timer(node, "timeDuration", "PT2H")
        elif kind == "throw_none":
            node = self.pen.node("intermediateThrowEvent")
        else:
            tags = {"send": "sendTask", "receive": "receiveTask", "catch_message": "intermediateCatchEvent"}
            node = self.pen.node(tags.get(kind, "intermediateThrowEvent"))
            self.pen.message(node)
            if kind in ("receive", "catch_message"):
                self.writes[node] = self.some_writes()
        return node, node

    # -- sub-processes and multi-instance ----------------------------------------------------------------------

    def subprocess(self, place: Place) -> Ends:
        """An embedded sub-process."""
        node = self.pen.node("subProcess")
        outside = self.pen.enter(node)
        self.fill(place.inside())
        self.pen.scope = outside
        return node, node

    def multi(self, place: Place, *codes: str, escalations: tuple[str, ...] = ()) -> Ends:
        """A multi-instance activity: a task, or a sub-process whose legs begin with a user task."""
        self.left -= 1
        whole = place.depth < self.style.depth and self.left > 2 and self.chance(0.5)
        tag = "subProcess" if whole else self.pick({"userTask": 5, "manualTask": 1, "receiveTask": 1, "sendTask": 1})
        if self.style.spiff and not whole:
            tag = "userTask"
        node = self.pen.node(tag)
        names = self.mark_multi(node, completion=tag != "sendTask")
        if tag in ("receiveTask", "sendTask"):
            self.pen.message(node)
        if tag in ("receiveTask", "userTask"):
            self.writes[node] = self.some_writes()
        if tag == "userTask":
            self.codes[node] = place.codes + codes
        if whole:
            outside = self.pen.enter(node)
            inner = place.inside(*codes, escalations=escalations, names=place.names + names, in_leg=True)
            self.fill(inner, user_first=True)
            self.pen.scope = outside
        return node, node

    def mark_multi(self, node: str, *, completion: bool) -> tuple[tuple[str, tuple[Any, ...]], ...]:
        """Makes a node multi-instance; returns the names its legs can read."""
        sequential = self.chance(0.4)
        if self.style.spiff:
            self.pen.multi(node, sequential=sequential, cardinality=str(self.random.randint(0, 3)))
            return ()
        options: dict[str, Any] = {"sequential": sequential}
        element = f"element_{node}"
        names: tuple[tuple[str, tuple[Any, ...]], ...] = (("loopCounter", (1, 2, 3)), ("nrOfInstances", (1, 2, 3)))
        if self.chance(0.6):
            options["collection"] = (self.random.choice(LISTS), element)
            options["standard"] = self.chance(0.5)
            names += ((element, WORDS),)
        else:
            options["cardinality"] = self.random.choice(("teams", "1", "2", "3"))
        if self.chance(0.4):
            wanted = self.random.choice((element, "n1", "s2")) if "collection" in options else "n2"
            options["output"] = (f"results_{node}", wanted)
        if completion and self.chance(0.4):
            choices = ["nrOfCompletedInstances >= 2", "b1 == true", "nrOfCompletedInstances >= 1 and n1 > 1"]
            options["completion"] = self.random.choice(choices + ["nrOfActiveInstances <= 1"] * (not sequential))
        self.pen.multi(node, **options)
        return names

    # -- chance ------------------------------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self.random.random() < probability

    def pick(self, weights: dict[str, float]) -> str:
        """One of the words, by weight."""
        return self.random.choices(list(weights), list(weights.values()))[0]
