"""Blocks of random models that SpiffWorkflow does not run: choices by events, throws, undoing, marked activities."""

from __future__ import annotations

from tests.properties.model_activities import Ends
from tests.properties.model_events import Events
from tests.properties.model_parts import SIGNALS, Place, Write


class Blocks(Events):
    """Draws the rarer blocks. What is thrown follows a user task at once, so that nothing else moves before it."""

    # -- gateways ----------------------------------------------------------------------------------------------

    def event_choice(self, place: Place) -> Ends:
        """An event-based gateway, two or three events behind it, and a merge."""
        gateway, merge = self.pen.node("eventBasedGateway"), self.pen.node("exclusiveGateway")
        kinds = ["message", self.random.choice(("timer", "signal", "conditional"))]
        kinds += self.random.sample(("receive", "timer", "signal"), self.random.choice((0, 0, 1)))
        for kind in kinds:
            event = self.pen.node("receiveTask" if kind == "receive" else "intermediateCatchEvent")
            if kind in ("message", "receive"):
                self.pen.message(event)
                self.writes[event] = self.some_writes()
            elif kind == "timer":
                self.pen.timer(event, "timeDuration", "PT5H")
            elif kind == "signal":
                self.pen.signal(event, self.random.choice(SIGNALS))
            else:
                self.pen.condition(event, self.condition(place))
            self.pen.flow(gateway, event)
            branch = self.sequence(place.deeper()) if self.chance(0.6) else None
            self.pen.flow(event, branch[0] if branch else merge)
            if branch:
                self.pen.flow(branch[1], merge)
        return gateway, merge

    def complex(self, place: Place) -> Ends:
        """A split into three, and a complex gateway that goes on with some of them or with all."""
        split, join = self.pen.node("parallelGateway"), self.pen.node("complexGateway")
        if self.chance(0.85):
            self.pen.text(join, "activationCondition", f"activationCount >= {self.random.choice((1, 2, 2, 3))}")
        for _ in range(3):
            entry, last = self.sequence(place.deeper())
            self.pen.flow(split, entry)
            self.pen.flow(last, join)
        return split, join

    def forked(self, place: Place) -> Ends:
        """A user task whose outgoing flows have conditions and a default."""
        task, merge = self.user(place), self.pen.node("inclusiveGateway")
        for condition in (self.condition(place), None, self.condition(place)):
            entry, last = self.sequence(place.deeper(in_inclusive=True))
            self.pen.flow(task, entry, condition, default=condition is None)
            self.pen.flow(last, merge)
        return task, merge

    def link(self, place: Place) -> Ends:
        """Two blocks with a link between them."""
        entry, last = self.sequence(place.deeper())
        source, target = self.pen.node("intermediateThrowEvent"), self.pen.node("intermediateCatchEvent")
        self.pen.link(source, target)
        self.pen.flow(last, source)
        first, end = self.sequence(place.deeper())
        self.pen.flow(target, first)
        return entry, end

    # -- throws ------------------------------------------------------------------------------------------------

    def broadcast(self, place: Place) -> Ends:
        """A user task and a signal behind it, or an event that waits for one."""
        self.left -= 1
        if place.calm or self.chance(0.5):
            node = self.pen.node("intermediateCatchEvent")
            self.pen.signal(node, self.random.choice(SIGNALS))
            return node, node
        return self.thrown(place, "signal")

    def escalate(self, place: Place) -> Ends:
        """A user task and an escalation behind it that may be caught or not."""
        return self.thrown(place, "escalation")

    def several(self, place: Place) -> Ends:
        """An event that waits for one or all of several, or throws several."""
        self.left -= 1
        if not place.calm and self.chance(0.4):
            return self.thrown(place, "multiple")
        node = self.pen.node("intermediateCatchEvent")
        self.pen.message(node)
        self.writes[node] = self.some_writes()
        self.pen.signal(node, self.random.choice(SIGNALS))
        if self.chance(0.5):
            self.pen.timer(node, "timeDuration", "PT3H")
        if self.chance(0.5):
            self.pen.set(node, parallelMultiple="true")
        return node, node

    def thrown(self, place: Place, kind: str) -> Ends:
        """A user task, and an event behind it that throws."""
        task, event = self.user(place), self.pen.node("intermediateThrowEvent")
        self.pen.flow(task, event)
        self._throws(event, kind, place)
        on = self.pen.node("manualTask")
        self.pen.flow(event, on)
        return task, on

    def throwing_end(self, last: str, place: Place) -> None:
        """A user task and an end event that throws."""
        task, end = self.user(place), self.pen.node("endEvent")
        self.pen.flow(last, task)
        self.pen.flow(task, end)
        kinds = {"escalation": 1} if place.calm else {"signal": 1, "escalation": 1, "multiple": 0.5}
        self._throws(end, self.pick(kinds), place)

    def _throws(self, event: str, kind: str, place: Place) -> None:
        if kind == "multiple":
            self.pen.message(event)
        if kind in ("signal", "multiple"):
            self.pen.signal(event, self.random.choice(SIGNALS))
        else:
            uncaught = not place.escalations or self.chance(0.1)
            self.pen.escalation(event, "nobody" if uncaught else self.random.choice(place.escalations))

    # -- undoing -----------------------------------------------------------------------------------------------

    def compensated(self, place: Place) -> Ends:
        """A sub-process of steps that can be undone, and at its end a compensation of one of them or of all."""
        node = self.pen.node("subProcess")
        outside = self.pen.enter(node)
        done, last = self._undoable(place.inside())
        task = self.user(place.inside())
        self.pen.flow(last, task)
        at_the_end = self.chance(0.3)
        throw = self.pen.node("endEvent" if at_the_end else "intermediateThrowEvent")
        self.pen.compensation(throw, self.random.choice(done) if self.chance(0.4) else None)
        self.pen.flow(task, throw)
        if not at_the_end:
            on = self.pen.node("manualTask")
            self.pen.flow(throw, on)
            self.end(on)
        self.pen.scope = outside
        return node, node

    def transaction(self, place: Place) -> Ends:
        """A transaction that is called off now and then."""
        node = self.pen.node("transaction")
        outside = self.pen.enter(node)
        _, last = self._undoable(place.inside())
        cancel = self.pen.id("cancel_it")
        task = self.user(place.inside(), Write(cancel, (True, False)))
        split, end = self.pen.node("exclusiveGateway"), self.pen.node("endEvent")
        self.pen.flow(last, task)
        self.pen.flow(task, split)
        self.pen.mark(end, "cancel")
        self.pen.flow(split, end, f"{cancel} == true")
        on = self.pen.node("manualTask")
        self.pen.flow(split, on, default=True)
        self.end(on)
        self.pen.scope = outside
        event, merge = self.pen.node("boundaryEvent", attachedToRef=node), self.pen.node("exclusiveGateway")
        self.pen.mark(event, "cancel")
        self.interrupted(event, merge, place)
        self.pen.flow(node, merge)
        return node, merge

    def _undoable(self, place: Place) -> tuple[list[str], str]:
        """A start event and steps with compensation, in a row, side by side or in a loop; they, and the last."""
        last = self.pen.node("startEvent")
        side_by_side = self.chance(0.4)
        if side_by_side:
            split, join = self.pen.node("parallelGateway"), self.pen.node("parallelGateway")
            self.pen.flow(last, split)
        done = []
        for _ in range(self.random.choice((2, 2, 3))):
            step = self._undoable_step(place)
            done.append(step)
            if side_by_side:
                self.pen.flow(split, step)
                self.pen.flow(step, join)
            else:
                self.pen.flow(last, step)
                last = step
        if side_by_side:
            last = join
        elif self.chance(0.3):
            last = self.decide(last, self._before(done[0]), place)
        return done, last

    def _before(self, step: str) -> str:
        """A second way into a step, for a loop back to it."""
        merge = self.pen.node("exclusiveGateway")
        self.pen.flow(merge, step)
        return merge

    def _undoable_step(self, place: Place) -> str:
        """A user task with a handler, or a sub-process of such tasks with one of its own or without."""
        self.left -= 1
        if place.depth < self.style.depth + 2 and self.chance(0.25):
            node = self.pen.node("subProcess")
            outside = self.pen.enter(node)
            _, last = self._undoable(place.inside())
            self.end(last)
            self.pen.scope = outside
            if self.chance(0.6):
                return node
        else:
            node = self.user(place)
        handler = self.pen.node(self.random.choice(("userTask", "manualTask")))
        self.pen.undone_by(node, handler)
        return node

    def decide(self, last: str, back_to: str, place: Place) -> str:
        """A user task and an exclusive split behind `last`: again, or on."""
        raise NotImplementedError

    # -- marked activities -------------------------------------------------------------------------------------

    def adhoc(self, place: Place) -> Ends:
        """An ad-hoc sub-process of two or three tasks."""
        self.left -= 2
        order = self.random.choice(("Parallel", "Sequential"))
        rest = self.random.choice(("true", "false"))
        node = self.pen.node("adHocSubProcess", ordering=order, cancelRemainingInstances=rest)
        outside = self.pen.enter(node)
        for _ in range(self.random.choice((2, 3))):
            self.user(place.inside(), Write("b1", (True, False), True))
        self.pen.scope = outside
        if self.chance(0.7):
            self.pen.text(node, "completionCondition", "b1 == true")
        return node, node

    def looped(self, place: Place) -> Ends:
        """A user task that is a standard loop, tested before or after each round."""
        self.left -= 1
        most = self.random.choice((None, 1, 2, 3))
        before = self.chance(0.4)
        name = "b2" if before else self.pen.id("go_on")
        node = self.user(place, Write(name, (True, True, False), False))
        self.pen.again(node, f"{name} == true", before=before, most=most)
        return node, node

    def called(self, place: Place) -> Ends:
        """A call of another process."""
        self.left -= 1
        node = self.pen.node("callActivity", calledElement="other")
        self.codes[node] = place.codes
        return node, node
