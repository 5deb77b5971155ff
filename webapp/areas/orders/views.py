"""An order: its page, also as a letter on paper, and calling it back."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.services.directives import withdraw_directive
from engine.services.evidence_files import evidence_of
from engine.services.questions.orders import order_page
from engine.services.questions.sight import require_directive
from webapp.evidence import download
from webapp.guard import Area, may
from webapp.session import actor, run, settings, the_engine

area = Area("orders", url_prefix="/orders")
WITHDRAW = "directive:order:withdraw"
WITHDRAW_REASONS = ("wrong_wording", "no_longer_needed", "duplicate")


@area.page("/<id>", permission="directive:order:read")
def order(id: str) -> str:
    """The order with its addressees, receipts, legs, clocks and timeline."""
    engine = the_engine()
    found = engine.read(order_page, engine.city, actor(), id)
    may_withdraw = found.state == "issued" and may(WITHDRAW)
    return render_template("orders/order.html", order=found, may_withdraw=may_withdraw, reasons=WITHDRAW_REASONS)


@area.action("/<id>/withdraw", permission=WITHDRAW)
def withdraw(id: str) -> Response:
    """Call an issued order back before anybody signed for it."""
    engine = the_engine()
    engine.read(require_directive, engine.city, actor(), id)
    run(withdraw_directive, id, request.form.get("reason_code", ""))
    return redirect(url_for("orders.order", id=id))


@area.page("/<id>/evidence/<evidence_id>", permission="directive:order:read")
def evidence(id: str, evidence_id: str) -> Response:
    """A photo or document that came with the feedback or check of an order."""
    engine = the_engine()
    engine.read(require_directive, engine.city, actor(), id)
    return download(engine.read(evidence_of, settings().effective_evidence_folder, "directive", id, evidence_id))
