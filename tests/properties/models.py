"""Random nested models: block-structured processes of every construct the engine runs, made from a seed.

Blocks are drawn inside blocks until a budget of elements is used up. By construction no model can get stuck and none
depends on the order in which two tokens are moved within one step: an error or a terminate end follows its user task
immediately, and each leg of a multi-instance begins with a wait.
"""

from __future__ import annotations

from typing import Any

from tests.properties.model_activities import Ends
from tests.properties.model_blocks import Blocks
from tests.properties.model_parts import LISTS, VARIABLES, WORDS, Model, Place, Style, Write

NESTING = {"exclusive", "parallel", "inclusive", "loop", "subprocess", "guarded", "unstructured", "complex", "link"}
NESTING |= {"event_choice", "forked"}
JOINING = {"parallel", "inclusive", "unstructured", "complex", "forked"}
PLAIN = {"task", "subprocess"}


def random_model(seed: int, style: Style | None = None) -> Model:
    """The model of a seed; the same seed gives the same text."""
    return Models(seed, style or Style()).draw()


class Models(Blocks):
    """Draws one random model."""

    def draw(self) -> Model:
        """The finished model."""
        self.fill(Place())
        variables: dict[str, Any] = {name: self.random.choice(values) for name, values in VARIABLES.items()}
        for name in LISTS:
            variables[name] = [self.random.choice(WORDS) for _ in range(self.random.randint(0, 4))]
        variables["teams"] = self.random.randint(0, 3)
        codes = {} if self.style.spiff else self.codes  # nobody ends a task by an error there
        return Model(self.seed, self.pen.xml(), variables, self.writes, codes)

    def sequence(self, place: Place) -> Ends:
        """Draws one to three blocks one after the other."""
        first, last = self.block(place)
        for _ in range(self.random.choice((0, 1, 1, 2)) if self.left > 0 else 0):
            entry, exit = self.block(place)
            self.pen.flow(last, entry)
            last = exit
        return first, last

    def block(self, place: Place) -> Ends:
        """Draws a block of a random kind that is allowed here."""
        kinds = {**self.style.blocks, **self.style.more, "unstructured": self.style.unstructured}
        if place.depth >= self.style.depth or self.left <= 0:
            kinds = {kind: weight for kind, weight in kinds.items() if kind not in NESTING}
        if place.simple or (self.style.spiff and place.looping):
            kinds = {kind: weight for kind, weight in kinds.items() if kind not in JOINING}
        if place.calm or place.simple:  # of several at once nobody could tell whose handler is whose
            kinds = {kind: weight for kind, weight in kinds.items() if kind not in ("compensated", "transaction")}
        if place.looping:  # a second round could come before the first one is reset
            kinds.pop("complex", None)
        if self.style.spiff and place.in_inclusive:  # its join does not always wait for the others
            kinds = {kind: weight for kind, weight in kinds.items() if kind in PLAIN}
        ends: Ends = getattr(self, self.pick(kinds))(place)
        return ends

    # -- decisions ---------------------------------------------------------------------------------------------

    def condition(self, place: Place) -> str:
        """A random condition on variables that can be read here."""
        readable = list(VARIABLES.items()) + list(place.names) * 2
        parts = []
        for _ in range(self.random.choice((1, 1, 2, 3))):
            name, values = self.random.choice(readable)
            value = self.random.choice(values)
            signs = ("==", "!=", "<", "<=", ">", ">=") if type(value) is int else ("==", "!=")
            text = f"'{value}'" if isinstance(value, str) else str(value).lower()
            parts.append(f"{name} {self.random.choice(signs)} {text}")
        return "".join(part + self.random.choice((" and ", " or ")) for part in parts[:-1]) + parts[-1]

    def decided(self, split: str, place: Place, branches: int) -> tuple[str, list[str | None]]:
        """The node before a split, and a condition for each branch; None is the default."""
        conditions: list[str | None] = [self.condition(place) for _ in range(branches)]
        entry = split
        if self.style.spiff:  # its data belongs to a token, so each split reads only what its own task wrote
            name = self.pen.id("choice")
            entry = self.user(place, Write(name, (0, 1, 2, 3)))
            self.pen.flow(entry, split)
            conditions = [f"{name} {self.random.choice(('<=', '>=', '=='))} {i + 1}" for i in range(branches)]
        conditions[self.random.randrange(branches)] = None
        return entry, conditions

    def leave(self, source: str, branch: Ends | None, merge: str, condition: str | None, default: bool) -> None:
        """Draws a branch between a split and a merge; without a block it is a single flow."""
        self.pen.flow(source, branch[0] if branch else merge, condition, default=default)
        if branch:
            self.pen.flow(branch[1], merge)

    def merge_node(self, place: Place, gateway: str) -> str:
        """A gateway that merges, or now and then an activity that several flows lead into."""
        if gateway == "exclusiveGateway" and self.chance(0.2):
            return self.task(place)[0]
        return self.pen.node(gateway)

    # -- blocks ------------------------------------------------------------------------------------------------

    def exclusive(self, place: Place) -> Ends:
        """An exclusive split and merge; the merge may be inclusive or missing."""
        split = self.pen.node("exclusiveGateway")
        entry, conditions = self.decided(split, place, self.random.choice((2, 2, 3)))
        odd = not place.simple and not self.style.spiff and self.chance(0.1)
        merge = self.merge_node(place, "inclusiveGateway" if odd else "exclusiveGateway")
        for condition in conditions:
            branch = self.sequence(place.deeper()) if self.chance(0.8) else None
            self.leave(split, branch, merge, condition, condition is None)
        return entry, merge

    def parallel(self, place: Place) -> Ends:
        """A parallel split and join; the split may be a task with two flows, the join inclusive."""
        implicit = not self.style.spiff and self.chance(0.15)
        split = self.user(place) if implicit else self.pen.node("parallelGateway")
        odd = not self.style.spiff and self.chance(0.1)
        join = self.pen.node("inclusiveGateway" if odd else "parallelGateway")
        for _ in range(self.random.choice((2, 2, 3))):
            self.leave(split, self.sequence(place.deeper()), join, None, False)
        return split, join

    def inclusive(self, place: Place) -> Ends:
        """An inclusive split and join; one branch may end elsewhere when another one always arrives."""
        split = self.pen.node("inclusiveGateway")
        entry, conditions = self.decided(split, place, self.random.choice((2, 3, 3)))
        join = self.pen.node("inclusiveGateway")
        for condition in conditions:
            branch = self.sequence(place.deeper(in_inclusive=True))
            self.leave(split, branch, join, condition, condition is None)
        if not self.style.spiff and self.chance(0.25):
            self.leave(split, self.sequence(place.deeper()), join, "b1 == true or b1 == false", False)
            way_out, last = self.sequence(place.deeper())
            self.pen.flow(split, way_out, self.condition(place))
            choice = self.pen.node("exclusiveGateway")
            self.pen.flow(last, choice)
            self.pen.flow(choice, join, self.condition(place))
            end = self.pen.node("endEvent")
            self.pen.flow(choice, end, default=True)
        return entry, join

    def loop(self, place: Place) -> Ends:
        """A block, a user task that decides, and the way back."""
        merge = self.pen.node("exclusiveGateway")
        entry, last = self.sequence(place.deeper(looping=True))
        self.pen.flow(merge, entry)
        return merge, self.decide(last, merge, place)

    def decide(self, last: str, back_to: str, place: Place) -> str:
        """A user task and an exclusive split behind `last`: again, or on. Returns the split; its default leads on."""
        again = self.pen.id("again")
        task = self.user(place, Write(again, (True, True, False), False))
        self.pen.flow(last, task)
        split = self.pen.node("exclusiveGateway")
        self.pen.flow(task, split)
        self.pen.flow(split, back_to, f"{again} == true")
        on = self.pen.node("manualTask")
        self.pen.flow(split, on, default=True)
        return on

    def abort(self, place: Place) -> Ends:
        """A user task that may end the scope by an error or a terminate end event."""
        give_up = self.pen.id("give_up")
        task = self.user(place, Write(give_up, (True, False, False, False)))
        split = self.pen.node("exclusiveGateway")
        self.pen.flow(task, split)
        end = self.pen.node("endEvent")
        self.pen.flow(split, end, f"{give_up} == true")
        if place.codes and self.chance(0.8):
            self.pen.error(end, self.random.choice(place.codes))
        elif self.chance(0.1) and not self.style.spiff:
            self.pen.error(end, "nobody_catches_this")
        else:
            self.pen.mark(end, "terminate")
        on = self.pen.node("manualTask")
        self.pen.flow(split, on, default=True)
        return task, on

    # -- joins on cycles that are no blocks --------------------------------------------------------------------

    def unstructured(self, place: Place) -> Ends:
        """One of the drawings people make for rework."""
        drawing = self.random.choice(
            (self.rework_some, self.two_ways_back, self.side_door, self.crowd, self.emergency_exit)
        )
        return drawing(place)

    def rework_some(self, place: Place) -> Ends:
        """All departments first; then an inclusive split straight back to those that have to rework."""
        split, join = self.pen.node("parallelGateway"), self.pen.node("inclusiveGateway")
        rework = self.pen.node("inclusiveGateway")
        for number in range(self.random.choice((2, 3))):
            merge = self.pen.node("exclusiveGateway")
            entry, last = self.sequence(place.deeper())
            self.pen.flow(split, merge)
            self.pen.flow(rework, merge, self.condition(place) if number else None, default=not number)
            self.pen.flow(merge, entry)
            self.pen.flow(last, join)
        return split, self.decide(join, rework, place)

    def two_ways_back(self, place: Place) -> Ends:
        """Two reviews, one after the other, each of which may send back to the same parallel or inclusive split."""
        back = self.pen.node("exclusiveGateway")
        first, last = self.random.choice((self.parallel, self.inclusive))(place.deeper())
        self.pen.flow(back, first)
        return back, self.decide(self.decide(last, back, place), back, place)

    def side_door(self, place: Place) -> Ends:
        """A join that one branch may reach by two flows, on a cycle."""
        back, split = self.pen.node("exclusiveGateway"), self.pen.node("parallelGateway")
        join = self.pen.node("inclusiveGateway")
        self.pen.flow(back, split)
        for _ in range(2):
            entry, last = self.sequence(place.deeper())
            choice = self.pen.node("exclusiveGateway")
            self.pen.flow(split, entry)
            self.pen.flow(last, choice)
            self.pen.flow(choice, join, self.condition(place))
            longer, last = self.sequence(place.deeper())
            self.pen.flow(choice, longer, default=True)
            self.pen.flow(last, join)
        return back, self.decide(join, back, place)

    def crowd(self, place: Place) -> Ends:
        """A sub-process in which two tokens follow each other into each flow of a parallel join."""
        node = self.pen.node("subProcess")
        outside = self.pen.enter(node)
        start, split, join = (self.pen.node(tag) for tag in ("startEvent", "parallelGateway", "parallelGateway"))
        self.pen.flow(start, split)
        for _ in range(2):
            entry, last = self.sequence(place.inside(simple=True, calm=True))
            self.pen.flow(split, entry)
            self.pen.flow(split, entry)
            self.pen.flow(last, join)
        entry, last = self.task(place)
        self.pen.flow(join, entry)
        self.end(last)
        self.pen.scope = outside
        return node, node

    def emergency_exit(self, place: Place) -> Ends:
        """A sub-process with an inclusive join that an activity reaches by its boundary event alone."""
        node = self.pen.node("subProcess")
        outside = self.pen.enter(node)
        start, split, join = (self.pen.node(tag) for tag in ("startEvent", "parallelGateway", "inclusiveGateway"))
        self.pen.flow(start, split)
        branch, last = self.sequence(place.inside())
        self.pen.flow(split, branch)
        self.pen.flow(last, join)
        task = self.user(place)
        self.pen.flow(split, task)
        self.end(task)
        interrupting = self.chance(0.5)
        event = self.pen.node("boundaryEvent", attachedToRef=task, cancelActivity="true" if interrupting else "false")
        self.trigger(event, interrupting, place)
        self.pen.flow(event, join)
        entry, last = self.task(place)
        self.pen.flow(join, entry)
        self.end(last)
        self.pen.scope = outside
        return node, node
