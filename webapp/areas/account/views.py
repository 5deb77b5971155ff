"""Signing in and out, and the language of the pages."""

from __future__ import annotations

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from engine.errors import NotAllowed, Rejected
from engine.services import accounts, limits
from engine.services.tokens import MOST_DAYS, SCOPES, issue_token, revoke_token, tokens_of
from webapp.faults import sentence, status_of
from webapp.guard import PUBLIC, SIGNED_IN, Area
from webapp.session import actor, cookie_name, is_signed_in, person, set_cookie, the_engine
from webapp.text import COOKIE, LANGUAGES, t

area = Area("account")
_A_YEAR_S = 365 * 24 * 3600


@area.page("/sign-in", permission=PUBLIC)
def sign_in() -> Response | str:
    """The form; straight on for whoever is signed in."""
    if is_signed_in():
        return redirect(safe_next())
    return render_template("account/sign_in.html", account="", said=None, next=request.args.get("next", ""))


@area.action("/sign-in", permission=PUBLIC)
def enter() -> Response:
    """Sign in; with a new session, whatever session there was before.

    A locked account is answered like a wrong password: an account that locks would be one that exists.
    """
    account, before = request.form.get("account", "").strip(), person()
    limits.take(the_engine(), limits.LOGIN, request.remote_addr or "")
    try:
        signed = accounts.sign_in(the_engine(), account, request.form.get("password", ""))
    except NotAllowed:
        said, back = t("account.refused"), request.form.get("next", "")
        return make_response(render_template("account/sign_in.html", account=account, said=said, next=back), 401)
    if before is not None:
        the_engine().command(accounts.sign_out, actor(), before.id_hash)
    response = redirect(safe_next())
    set_cookie(response, cookie_name(), signed.token)  # type: ignore[arg-type]
    return response


@area.action("/sign-out", permission=SIGNED_IN)
def leave() -> Response:
    """Sign out: the session is gone from the server, not only from the browser."""
    session = person()
    assert session is not None
    the_engine().command(accounts.sign_out, actor(), session.id_hash)
    response = redirect(url_for("account.sign_in"))
    response.delete_cookie(cookie_name(), path="/")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@area.action("/language", permission=PUBLIC)
def choose_language() -> Response:
    """Show the pages in another language, on the page one was on."""
    chosen = request.form.get("language", "")
    response = redirect(safe_next())
    if chosen in LANGUAGES:
        set_cookie(response, COOKIE, chosen, max_age=_A_YEAR_S)  # type: ignore[arg-type]
    return response


@area.page("/account/tokens", permission=SIGNED_IN)
def tokens() -> str:
    """One's own tokens."""
    return _tokens()


@area.action("/account/tokens", permission=SIGNED_IN)
def issue() -> Response:
    """Make a token; it is shown on this page and never again."""
    form = request.form
    days = form.get("days", "")
    try:
        given = int(days) if days.isascii() and days.isdigit() and len(days) < 6 else 0
        token = the_engine().command(issue_token, actor(), form.get("name", ""), form.getlist("scopes"), given)
    except Rejected as refusal:
        return make_response(_tokens(said=sentence(refusal)), status_of(refusal))
    return make_response(_tokens(token=token))


@area.action("/account/tokens/<id>/revoke", permission=SIGNED_IN)
def revoke(id: str) -> Response:
    """End a token."""
    the_engine().command(revoke_token, actor(), id)
    return redirect(url_for("account.tokens"))


def _tokens(token: str | None = None, said: str | None = None) -> str:
    mine = the_engine().read(tokens_of, actor().person_id)
    typed = request.form if said else {}
    chosen = request.form.getlist("scopes") if said else []
    return render_template(
        "account/tokens.html",
        tokens=mine,
        token=token,
        said=said,
        typed=typed,
        chosen=chosen,
        scopes=SCOPES,
        most_days=MOST_DAYS,
    )


def safe_next() -> str:
    """Where to go next: a path of this site, whatever the form says."""
    wanted = request.form.get("next") or request.args.get("next") or ""
    # A browser takes a second slash, either way round, for the beginning of a host, and skips control characters.
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_ours else url_for("home.start")
