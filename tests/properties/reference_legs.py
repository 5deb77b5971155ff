"""Marked activities of the reference game: multi-instance (13.3.7), standard loop (13.3.6), ad-hoc (13.3.5)."""

from __future__ import annotations

from tests.properties.conditions import holds
from tests.properties.reference_drawing import Drawing, Element
from tests.properties.reference_run import Activity, Layer, Scope


class Legs:
    """The part of the game that begins legs, rounds and offers; an activation counts from 1 in `_number`."""

    drawing: Drawing
    _numbers = 0

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _begin(self, scope: Scope, element: Element) -> Activity:
        """Begins an activity or lets a catching event wait."""
        raise NotImplementedError

    def _work(self, activity: Activity) -> None:
        """Lets a leg, or an activity without legs, do or wait for what its element says."""
        raise NotImplementedError

    def _done(self, activity: Activity) -> None:
        """Ends an activity or a leg."""
        raise NotImplementedError

    # -- multi-instance ----------------------------------------------------------------------------------------

    def _begin_legs(self, activity: Activity) -> None:
        multi = activity.element.multi
        assert multi is not None
        if multi.collection is not None:
            activity.elements = list(activity.layer.read(multi.collection))
        else:
            number = str(multi.cardinality)
            activity.elements = [None] * (int(number) if number.isdigit() else activity.layer.read(number))
        activity.outputs = [None] * len(activity.elements)
        if not activity.elements:
            self._done(activity)
        for place in range(1 if multi.sequential and activity.elements else len(activity.elements)):
            if not activity.over:
                self._begin_leg(activity, place)

    def _begin_leg(self, activity: Activity, place: int) -> None:
        multi = activity.element.multi
        assert multi is not None
        leg = Activity(activity.element, activity.scope, activity.layer, self._number())
        leg.leg_of = activity
        leg.leg = place + 1
        leg.layer = Layer(activity.layer, leg, loopCounter=leg.leg)
        if multi.element is not None:
            leg.layer.values[multi.element] = activity.elements[place]
        activity.legs.append(leg)
        self._work(leg)

    def _leg_done(self, activity: Activity, leg: Activity) -> None:
        multi = activity.element.multi
        assert multi is not None
        activity.legs.remove(leg)
        activity.ended_legs += 1
        if multi.output_element is not None:
            activity.outputs[leg.leg - 1] = leg.layer.values.get(multi.output_element)
        private = ("loopCounter", multi.element)
        activity.layer.values.update({n: value for n, value in leg.layer.values.items() if n not in private})
        counts = activity.counts()
        if multi.completion is not None and holds(
            multi.completion, lambda name: counts[name] if name in counts else activity.layer.read(name)
        ):
            activity.legs.clear()
            self._done(activity)
        elif activity.ended_legs == len(activity.elements):
            self._done(activity)
        elif multi.sequential:
            self._begin_leg(activity, activity.ended_legs)

    def _fill_output(self, activity: Activity) -> None:
        """The output collection is not there before the multi-instance activity is done."""
        multi = activity.element.multi
        if multi is not None and multi.output_collection is not None:
            activity.layer.values[multi.output_collection] = list(activity.outputs)

    # -- standard loop -----------------------------------------------------------------------------------------

    def _is_to_go_again(self, activity: Activity) -> bool:
        """Whether another round of a standard loop begins; an activity without the marker has one round."""
        again = activity.element.again
        if again is None:
            return activity.rounds == 0
        if activity.rounds == 0 and not again.before:
            return True
        if again.most is not None and activity.rounds >= again.most:
            return False
        return again.condition is None or holds(again.condition, activity.layer.read)

    def _next_round(self, activity: Activity) -> bool:
        """Begins the next round if there is one."""
        if not self._is_to_go_again(activity):
            return False
        activity.rounds += 1
        activity.inside = None
        self._work(activity)
        return True

    # -- ad-hoc ------------------------------------------------------------------------------------------------

    def _open_adhoc(self, activity: Activity) -> None:
        """Offers every activity without a way in, or in order the first one."""
        activity.inside = Scope(activity.element.id, activity.layer, activity)
        activity.to_offer = self._all_of(activity.element)
        self._offer(activity)

    def _all_of(self, adhoc: Element) -> list[Element]:
        drawn = self.drawing.inside(adhoc.id)
        return [e for e in drawn if not e.incoming and e.attached_to is None and not e.by_event]

    def _offer(self, activity: Activity) -> None:
        assert activity.inside is not None
        while activity.to_offer and not (activity.element.ordered and activity.inside.activities):
            self._begin(activity.inside, activity.to_offer.pop(0))

    def _adhoc_went_on(self, adhoc: Activity) -> None:
        """Something inside is done: looks at the completion condition and offers the next, or everything anew."""
        assert adhoc.inside is not None
        completion = adhoc.element.completion
        if adhoc.is_closing:
            return
        if completion is not None and holds(completion, adhoc.inside.layer.read):
            adhoc.is_closing = True
            adhoc.to_offer.clear()
            if adhoc.element.cancels_rest:
                adhoc.inside.clear()
        else:
            if completion is not None and not adhoc.to_offer and not adhoc.inside.activities:
                adhoc.to_offer = self._all_of(adhoc.element)
            self._offer(adhoc)
