"""Rework ends: after so many rounds a step is put to the role that the drawing names."""

from __future__ import annotations

from tests.services.play import Play


def test_verification_is_put_to_the_commander_after_three_rounds(city: Play) -> None:
    """What the verifier has sent back three times is decided by somebody above, so that no order circles for ever."""
    order = city.issued("water")
    for _ in range(3):
        city.report_back("water")
        assert [item.role for item in city.open("verify")] == ["verifier"]
        city.do("verify", decision="fail", reason="Still wet", legs=["water"])
    city.report_back("water")
    (item,) = city.open("verify")
    assert item.role == "commander"
    with city.refused("work.not_yours"):
        city.complete(item, "centre.verifier", decision="pass")
    city.complete(item, "centre.commander", decision="pass")
    assert city.state(order) == "accepted"


def test_review_is_put_to_the_commander_after_three_rounds(city: Play) -> None:
    """A draft is returned three times by its reviewer; then the commander says whether it is to go on."""
    city.order("water")
    for _ in range(3):
        city.do("draft")
        city.do("review", decision="return_for_revision", reason="Too vague")
    city.do("draft")
    (item,) = city.open("review")
    assert item.role == "commander"
    city.complete(item, "centre.commander", decision="approve")
    assert city.open_nodes() == ["issue"]
