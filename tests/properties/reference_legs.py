"""Multi-instance activities of the reference game: 13.3.7 and table 10.31, each leg with variables of its own."""

from __future__ import annotations

from tests.properties.conditions import holds
from tests.properties.reference_run import Activity, Layer


class Legs:
    """The part of the game that begins legs and counts them; an activation counts from 1 in `_number`."""

    _numbers = 0

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _work(self, activity: Activity) -> None:
        """Lets a leg, or an activity without legs, do or wait for what its element says."""
        raise NotImplementedError

    def _done(self, activity: Activity) -> None:
        """Ends an activity or a leg."""
        raise NotImplementedError

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
