"""What one signal does: the cases by name; every order of arrival is tried in tests/properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from engine.domain.signal import Decision, Effect, Known, Signal, decide_signal

pytestmark = pytest.mark.fast

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ALERT = Signal("cap", "a", "cap", "alert", reported_at=NOW - timedelta(minutes=30), expires_at=NOW + timedelta(hours=1))
UPDATE = replace(ALERT, external_id="u", msg_type="Update", references=("a",), reported_at=NOW - timedelta(minutes=20))
CANCEL = replace(ALERT, external_id="c", msg_type="Cancel", references=("a",), reported_at=NOW - timedelta(minutes=10))


def _known(*signals: Signal, reason: str | None = None) -> dict[str, Known]:
    return {
        signal.external_id: Known(signal.external_id, signal.msg_type, signal.references, signal.reported_at, reason)
        for signal in signals
    }


def test_report_and_actual_unexpired_alert_open_an_incident() -> None:
    """What is real and in force becomes an incident, at once."""
    report = Signal("hotline", "r1", "12345", "report", reported_at=NOW)
    assert decide_signal(report, {}, NOW).effect.outcome == "opens"
    assert decide_signal(ALERT, {}, NOW) == Decision(Effect("a", "opens", None, ("a",), ("a",)))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": "Exercise"}, "exercise"),
        ({"status": "System"}, "system"),
        ({"status": "Test"}, "test"),
        ({"status": "Draft"}, "draft"),
        ({"expires_at": NOW}, "expired"),
        ({"msg_type": "Ack"}, "ack"),
        ({"msg_type": "Error"}, "error"),
        ({"msg_type": "Update"}, "no_reference"),
        ({"msg_type": "Cancel"}, "no_reference"),
    ],
)
def test_alert_that_is_not_live_is_only_stored(changes: dict[str, object], reason: str) -> None:
    """Exercises, tests, drafts, expired and answering messages never open an incident; the record says why."""
    effect = decide_signal(replace(ALERT, **changes), {}, NOW).effect  # type: ignore[arg-type]
    assert (effect.outcome, effect.reason) == ("stored", reason)


def test_signal_seen_before_changes_nothing() -> None:
    """The same source and identifier twice is one signal."""
    decision = decide_signal(ALERT, _known(ALERT), NOW)
    assert (decision.effect.outcome, decision.effect.reason, decision.released) == ("stored", "duplicate", ())


def test_update_and_cancel_after_their_alert_act_on_it() -> None:
    """They reach the alert's incident and open none of their own."""
    assert decide_signal(UPDATE, _known(ALERT), NOW).effect == Effect("u", "updates", None, ("a",), ("a",))
    assert decide_signal(CANCEL, _known(ALERT), NOW).effect == Effect("c", "cancels", None, ("a",))


def test_update_and_cancel_before_their_alert_wait_and_act_when_it_comes() -> None:
    """What came too early is not lost: the alert's arrival releases it in the order it was sent."""
    waiting = decide_signal(UPDATE, {}, NOW).effect
    assert (waiting.outcome, waiting.reason) == ("waits", "unknown_reference")
    arrival = decide_signal(ALERT, _known(CANCEL, UPDATE), NOW)
    assert arrival.effect.outcome == "opens"
    assert [(effect.external_id, effect.outcome) for effect in arrival.released] == [("u", "updates"), ("c", "cancels")]


def test_update_of_an_update_reaches_the_alert_through_it() -> None:
    """A chain of references leads to the alert, whichever link arrives last."""
    second = replace(UPDATE, external_id="u2", references=("u",), reported_at=NOW)
    assert decide_signal(second, _known(ALERT), NOW).effect.outcome == "waits"
    closing = decide_signal(UPDATE, _known(ALERT, second), NOW)
    assert [effect.external_id for effect in closing.released] == ["u2"]
    assert closing.released[0].newest_for == ("a",)
    assert closing.effect.newest_for == ()


def test_older_update_arriving_late_does_not_replace_newer_content() -> None:
    """The latest word by the time it was sent counts, not the latest to arrive."""
    newer = replace(UPDATE, external_id="u2", reported_at=NOW)
    late = decide_signal(UPDATE, _known(ALERT, newer), NOW).effect
    assert (late.outcome, late.newest_for) == ("updates", ())


def test_update_of_an_exercise_is_stored_and_not_kept_waiting() -> None:
    """An update of what never counted has nothing to act on, before or after it."""
    after = decide_signal(UPDATE, _known(ALERT, reason="exercise"), NOW).effect
    assert (after.outcome, after.reason) == ("stored", "reference_not_live")
    before = decide_signal(replace(ALERT, status="Exercise"), _known(UPDATE), NOW)
    assert [(effect.outcome, effect.reason) for effect in before.released] == [("stored", "reference_not_live")]


def test_cancel_after_its_own_expiry_still_cancels() -> None:
    """A withdrawn warning does not come back because the withdrawal is old."""
    late = replace(CANCEL, expires_at=NOW - timedelta(minutes=1))
    assert decide_signal(late, _known(ALERT), NOW).effect.outcome == "cancels"
