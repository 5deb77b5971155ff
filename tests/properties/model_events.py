"""Events beside the flow of random models: boundary events and event sub-processes."""

from __future__ import annotations

from tests.properties.model_activities import Activities, Ends
from tests.properties.model_parts import SIGNALS, Place


class Events(Activities):
    """Draws activities with boundary events, and event sub-processes."""

    def guarded(self, place: Place) -> Ends:
        """An activity with boundary events; interrupting ones come back into the flow behind it."""
        if place.simple:
            return self.task(place)
        kind = self.pick({"user": 3, "service": 1, "receive": 1, "subprocess": 2, "multi": 2})
        if self.style.spiff:
            kind = self.pick({"user": 2, "subprocess": 2})
        code = self.pen.id("E") if kind != "receive" and self.chance(0.5) else None
        codes = (code,) if code else ()
        raised = (self.pen.id("X"),) if self.chance(0.5) and not self.style.spiff else ()
        if kind == "subprocess":
            node = self.pen.node("subProcess")
            outside = self.pen.enter(node)
            self.fill(place.inside(*codes, escalations=raised))
            self.pen.scope = outside
        elif kind == "multi":
            node, _ = self.multi(place, *codes, escalations=raised)
        else:
            node = self.guarded_task(kind, place.deeper(codes=place.codes + codes))
        merge = self.pen.node("exclusiveGateway")
        self.pen.flow(node, merge)
        if code:
            caught = None if self.chance(0.2) and not self.style.spiff else code
            self.interrupted(self.boundary_error(node, caught), merge, place)
        if self.style.spiff and place.in_leg:
            return node, merge
        if raised and kind in ("subprocess", "multi"):
            self.boundary(node, merge, place, escalation=raised[0])
        for _ in range(self.random.choice((0, 1, 1, 2)) if code else self.random.choice((1, 1, 2))):
            self.boundary(node, merge, place)
        return node, merge

    def guarded_task(self, kind: str, place: Place) -> str:
        """The single task that boundary events are put on."""
        self.left -= 1
        if kind == "user":
            return self.user(place)
        node = self.pen.service("look_up") if kind == "service" else self.pen.node("receiveTask")
        self.writes[node] = self.some_writes()
        if kind == "receive":
            self.pen.message(node)
        else:
            self.codes[node] = place.codes
        return node

    def boundary_error(self, node: str, code: str | None) -> str:
        """An error boundary event."""
        event = self.pen.node("boundaryEvent", attachedToRef=node)
        self.pen.error(event, code)
        return event

    def boundary(self, node: str, merge: str, place: Place, escalation: str | None = None) -> None:
        """A boundary event of some kind, interrupting or not, and the way from it."""
        interrupting = self.style.spiff or self.chance(0.5)
        event = self.pen.node("boundaryEvent", attachedToRef=node, cancelActivity="true" if interrupting else "false")
        kind = "escalation"
        if escalation is not None:
            self.pen.escalation(event, escalation)
        else:
            kind = self.trigger(event, interrupting, place)
        if interrupting:
            self.interrupted(event, merge, place)
            return
        if kind == "conditional":  # what it leads to writes nothing, else it could call itself for ever
            entry = last = self.pen.node("manualTask")
        else:
            entry, last = self.sequence(place.deeper(simple=True, calm=True))
        self.pen.flow(event, entry)
        self.end(last)

    def trigger(self, event: str, interrupting: bool, place: Place) -> str:
        """Makes an event wait for a message, a timer, a signal, a condition or one or all of several; which kind."""
        kinds = {"message": 5, "timer": 4}
        if not self.style.spiff:
            kinds |= {"signal": 3, "conditional": 3, "multiple": 2}
        kind = self.pick(kinds) if not self.style.spiff else "message"
        if kind in ("message", "multiple"):
            self.pen.message(event)
            self.writes[event] = self.some_writes()
        if kind in ("signal", "multiple"):
            self.pen.signal(event, self.random.choice(SIGNALS))
        if kind == "multiple" and interrupting and self.chance(0.5):
            self.pen.set(event, parallelMultiple="true")
        if kind == "conditional":
            self.pen.condition(event, self.condition(place))
        elif kind == "timer" and not interrupting and self.chance(0.5):
            self.pen.timer(event, "timeCycle", self.random.choice(("R2/PT10M", "R3/PT1H")))
        elif kind == "timer":
            self.pen.timer(event, "timeDuration", self.random.choice(("PT30M", "P1D")))
        return kind

    def condition(self, place: Place) -> str:
        """A random condition on variables that can be read here."""
        raise NotImplementedError

    def interrupted(self, event: str, merge: str, place: Place) -> None:
        """The way from an interrupting event back into the flow, with a block on it or without.

        SpiffWorkflow cannot reach a multi-instance from there in the same step, so for it a task stands between.
        """
        if self.style.spiff:
            between = self.pen.node("manualTask")
            self.pen.flow(event, between)
            self.pen.flow(between, merge)
        elif self.chance(0.5):
            entry, last = self.sequence(place.deeper())
            self.pen.flow(event, entry)
            self.pen.flow(last, merge)
        else:
            self.pen.flow(event, merge)

    def event_subprocess(self, place: Place, *, code: str | None = None, escalation: str | None = None) -> None:
        """An event sub-process in the current scope: for an error or escalation thrown in it, or for a trigger."""
        node = self.pen.node("subProcess", triggeredByEvent="true")
        outside = self.pen.enter(node)
        interrupting = code is not None or self.chance(0.4)
        start = self.pen.node("startEvent", isInterrupting="true" if interrupting else "false")
        kind = ""
        if code is not None:
            self.pen.error(start, code)
        elif escalation is not None:
            self.pen.escalation(start, escalation)
        else:
            kind = self.trigger(start, interrupting, place)
        self.left += 2
        if kind == "conditional" and not interrupting:
            task = self.pen.node("manualTask")
            self.pen.flow(start, task)
            self.end(task)
        else:
            self.fill(place.inside(calm=place.calm or not interrupting), first=start)
        self.pen.scope = outside
