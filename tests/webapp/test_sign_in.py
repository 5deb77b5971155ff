"""Signing in and out over the pages: what guessers learn, how long a session lasts, and what its cookie allows."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from engine import passwords
from engine.domain.access import SYSTEM_ACTOR
from engine.services import accounts, limits
from engine.services.desk import Desk
from engine.storage.tables import accounts as t
from engine.storage.tables import org
from tests.services.play import Play
from tests.webapp.site import Site

CLERK = "water.clerk"
PASSWORD = "canal-lantern-46"
CHANGING = re.compile(r"[0-9a-f]{16}|name=\"csrf\" value=\"[^\"]*\"")
"""What differs from page to page: the request's number and the value of a form."""


@pytest.fixture
def known(site: Site) -> Site:
    """Pages of a city whose clerk has a password."""
    site.city.engine.command(accounts.set_password, SYSTEM_ACTOR, CLERK, PASSWORD)
    return site


def enter(site: Site, client: FlaskClient, account: str = CLERK, password: str = PASSWORD, **more: str) -> TestResponse:
    """Send the sign-in form."""
    return site.post(client, "/sign-in", {"account": account, "password": password, **more})


def lets_in(client: FlaskClient, path: str = "/inbox/") -> bool:
    """Whether a page for people with an account opens; else it leads to the sign-in."""
    answer = client.get(path)
    assert answer.status_code == 200 or "/sign-in" in answer.headers["Location"]
    return answer.status_code == 200


def settle(site: Site, statement: object) -> None:
    """Change a row behind the services."""

    def command(desk: Desk) -> None:
        desk.uow.execute(statement)
        desk.city.forget()

    site.city.engine.command(command, SYSTEM_ACTOR)


def failed_five_times(site: Site) -> None:
    """Too many wrong passwords, as the service counts them."""
    until = site.city.clock.now() + accounts.LOCKED_FOR
    settle(site, update(t.credential).values(locked_until=until))


def test_refused_sign_in_tells_nothing_about_the_account(known: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown, known, without password, disabled, locked: one hash is verified, and the page is the same."""
    verified: list[str | None] = []

    def counted(kept: str | None, password: str) -> bool:
        verified.append(kept)
        return passwords.matches(kept, password)

    monkeypatch.setattr(accounts, "matches", counted)
    pages = []

    def refused(account: str, password: str = "wrong-wrong-wrong") -> None:
        answer = enter(known, known.visitor(), account, password)
        pages.append((answer.status_code, CHANGING.sub("", answer.text.replace(account, "ACCOUNT"))))
        assert answer.headers.getlist("Set-Cookie") == []

    refused("nobody.there")
    refused(CLERK)
    refused("traffic.clerk")
    settle(known, update(org.person).where(org.person.c.id == CLERK).values(status="disabled"))
    refused(CLERK, PASSWORD)
    settle(known, update(org.person).where(org.person.c.id == CLERK).values(status="active"))
    failed_five_times(known)
    refused(CLERK, PASSWORD)
    assert set(pages) == {pages[0]}
    assert pages[0][0] == 401
    assert len(verified) == 5


def test_five_wrong_passwords_lock_the_account_until_the_clock_has_moved(known: Site) -> None:
    """Guessing stops, also for who guesses right then; a quarter of an hour later the owner gets in."""
    guesser = known.visitor()
    for _ in range(accounts.MOST_FAILURES):
        assert enter(known, guesser, password="wrong-wrong-wrong").status_code == 401
    owner = known.visitor()
    assert enter(known, owner).status_code == 401
    known.city.clock.advance(accounts.LOCKED_FOR - timedelta(seconds=1))
    assert enter(known, owner).status_code == 401
    known.city.clock.advance(timedelta(seconds=1))
    assert enter(known, owner).status_code == 302
    assert lets_in(owner)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_one_address_may_try_so_often_in_a_minute(site: Site, language: str) -> None:
    """A list of stolen passwords is not tried out from one machine; the answer says when it may go on."""
    for _ in range(limits.LOGIN.most):
        limits.take(site.city.engine, limits.LOGIN, "127.0.0.1")
    site.city.clock.advance(timedelta(seconds=20))
    client = site.visitor(language)
    answer = enter(site, client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "40")
    assert ("Wait a moment" in answer.text) == (language == "en")
    assert PASSWORD not in answer.text
    other = {"REMOTE_ADDR": "192.0.2.7"}
    assert site.post(client, "/sign-in", {"account": "x"}, environ_base=other).status_code == 401
    site.city.clock.advance(timedelta(seconds=40))
    assert enter(site, client).status_code == 401


def test_hash_with_older_parameters_is_renewed_at_sign_in(known: Site) -> None:
    """When the cost is raised, people's hashes follow without anybody having to choose a new password."""
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    settle(known, update(t.credential).values(password_hash=weak))
    assert enter(known, known.visitor()).status_code == 302
    (row,) = known.city.rows(t.credential)
    assert row.password_hash.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert enter(known, known.visitor()).status_code == 302


def test_sign_in_begins_a_new_session_and_ends_the_one_before(known: Site) -> None:
    """A session somebody planted or left behind in a browser is never the one that is used afterwards."""
    client = known.client(CLERK)
    before = client.get_cookie("cityloop")
    planted = known.visitor()
    planted.set_cookie("cityloop", "planted-by-somebody")
    assert before is not None
    for each in (client, planted):
        assert enter(known, each).status_code == 302
        after = each.get_cookie("cityloop")
        assert after is not None
        assert after.value not in (before.value, "planted-by-somebody")
        assert lets_in(each)
    old = known.visitor()
    old.set_cookie("cityloop", before.value)
    assert not lets_in(old)
    assert len(known.city.rows(t.session)) == 2


def test_sign_out_ends_the_session_on_the_server(site: Site) -> None:
    """A copied cookie is worth nothing after its owner signed out; the other browsers of the person go on."""
    client, other, thief = site.client(CLERK), site.client(CLERK), site.visitor()
    cookie = client.get_cookie("cityloop")
    assert cookie is not None
    thief.set_cookie("cityloop", cookie.value)
    assert lets_in(thief)
    answer = site.post(client, "/sign-out")
    assert (answer.status_code, answer.headers["Clear-Site-Data"]) == (302, '"cache"')
    assert client.get_cookie("cityloop") is None
    assert not lets_in(thief)
    assert lets_in(other)


def test_session_ends_unused_and_after_twelve_hours_whatever_happens(site: Site) -> None:
    """A forgotten browser closes, one in use stays open, none for longer than a day's work."""
    clock = site.city.clock
    forgotten, used = site.client(CLERK), site.client(CLERK)
    clock.advance(accounts.IDLE_FOR - timedelta(seconds=1))
    assert lets_in(used)
    clock.advance(timedelta(seconds=1))
    assert not lets_in(forgotten)
    over = site.city.rows(t.session)[0].expires_at
    settle(site, update(t.session).values(seen_at=over - timedelta(minutes=9)))
    clock.set(over - timedelta(seconds=1))
    assert lets_in(used)
    clock.set(over)
    assert not lets_in(used)


@pytest.mark.parametrize("https", [False, True])
def test_cookies_are_kept_from_scripts_other_sites_and_plain_lines(
    sqlite_city: Play, tmp_path: Path, https: bool
) -> None:
    """HttpOnly and SameSite always; under https Secure and bound to this host, where no subdomain can plant one."""
    site = Site(sqlite_city, tmp_path, https=https)
    site.city.engine.command(accounts.set_password, SYSTEM_ACTOR, CLERK, PASSWORD)
    client, base = site.visitor(), "https://localhost" if https else "http://localhost"
    form = client.get("/sign-in", base_url=base)
    value = re.search(r'name="csrf" value="([^"]+)"', form.text)
    assert value is not None
    data = {"csrf": value[1], "account": CLERK, "password": PASSWORD}
    answer = client.post("/sign-in", data=data, base_url=base)
    given = [*form.headers.getlist("Set-Cookie"), *answer.headers.getlist("Set-Cookie")]
    assert [cookie.split("=")[0] for cookie in given] == (
        ["__Host-cityloop-form", "__Host-cityloop"] if https else ["cityloop-form", "cityloop"]
    )
    for cookie in given:
        flags = set(cookie.split("; ")[1:])
        assert flags == {"HttpOnly", "SameSite=Lax", "Path=/"} | ({"Secure"} if https else set())
    assert client.get("/inbox/", base_url=base).status_code == 200
    assert ("Strict-Transport-Security" in answer.headers) == https


ELSEWHERE = [
    "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example",
    "https:evil.example", "https:/evil.example", "https://evil.example", "javascript:alert(1)", "data:text/html,x",
    "evil.example", " //evil.example", "//[", "/\x0b/evil.example", "/ok\r\nSet-Cookie: a=b",
]  # fmt: skip


def test_nobody_is_led_elsewhere(site: Site) -> None:
    """A link to our sign-in or language switch ends on our pages, whatever it says comes next."""
    signed_in, visitor = site.client(CLERK), site.visitor()
    for wanted in ELSEWHERE:
        answers = [
            signed_in.get("/sign-in", query_string={"next": wanted}),
            site.post(visitor, "/language", {"language": "en", "next": wanted}),
        ]
        for answer in answers:
            assert (answer.status_code, answer.headers["Location"]) == (302, "/"), wanted
            assert "a=b" not in str(answer.headers)


def test_sign_in_leads_to_the_page_one_wanted(known: Site) -> None:
    """Whoever follows a link to a case signs in and is there."""
    visitor = known.visitor()
    sent = visitor.get("/incidents/?group=done").headers["Location"]
    assert sent == "/sign-in?next=/incidents/?group%3Ddone"
    assert 'name="next" value="/incidents/?group=done"' in visitor.get(sent).text
    answer = enter(known, visitor, next="/incidents/?group=done")
    assert answer.headers["Location"] == "/incidents/?group=done"


def test_who_loses_a_post_or_leaves_loses_access_at_the_next_request(site: Site) -> None:
    """Rights are asked at every request, not kept in the session."""
    client, now = site.client("centre.supervisor"), site.city.clock.now()
    assert client.get("/board/").status_code == 200
    of_hers = org.post_holding.c.person_id == "centre.supervisor"
    settle(site, update(org.post_holding).where(of_hers).values(valid_to=now))
    assert client.get("/board/").status_code == 403
    assert lets_in(client, "/account/tokens")
    settle(site, update(org.person).where(org.person.c.id == "centre.supervisor").values(status="disabled"))
    assert not lets_in(client, "/account/tokens")
