"""Every route × every role × {own, other department, other grid, closed, secret}: who gets what, as `routes.toml` says.

The unsafe routes are asked with input that the command behind them refuses, so that nothing changes: whoever may act
is told that the input does not do (409, 422), whoever may not is told so before it is looked at (403, 404).
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from engine.domain.access import SYSTEM_ACTOR
from engine.domain.roles import DEPARTMENT_ROLES, ROLES
from engine.services.desk import Desk
from engine.services.incidents import Opening, open_incident
from engine.services.installation import prepare
from engine.settings import Settings
from engine.storage.evidence import EvidenceStore
from engine.storage.tables import incidents as t
from engine.storage.tables.accounts import rate_window
from engine.storage.tables.processes import definition
from engine.testing import START, ManualClock, TinyCity
from tests.services.play import Play
from tests.webapp.site import Site

FILE = Path(__file__).with_name("routes.toml")
CASES = ("own", "other_department", "other_grid", "closed", "secret")
VISITOR = "visitor"
WHO = (VISITOR, *ROLES)
NOWHERE = "00000000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Case:
    """The ids of one case: its incident, an order of it, and a work item that is open or was."""

    incident: str
    order: str
    instance: str
    wait: int
    evidence: str


class World:
    """A tiny city with one person for each role and five cases, and its pages."""

    def __init__(self, folder: Path) -> None:
        settings = Settings(f"sqlite:///{folder / 'city.db'}", folder / "keys")
        prepare(settings, ManualClock(START))
        self.city = Play(TinyCity(folder))
        self.site = Site(self.city, folder)
        for role in ROLES:
            self.city.newcomer(f"one.{role}")
            self.city.appoint(f"one.{role}", "water" if role in DEPARTMENT_ROLES else "centre", role)
        self.city.newcomer("other.officer")
        self.city.appoint("other.officer", "traffic", "grid_officer")
        self.site.grid("cell_own", "water", "one.grid_officer", 120.0)
        self.site.grid("cell_other", "traffic", "other.officer", 120.02)
        self.store = EvidenceStore(folder / "evidence", self.city.engine.database.keys, 10_000_000)
        own, other, nowhere = (120.005, 30.005), (120.025, 30.005), (None, None)
        self.cases = {
            "own": self._case("water", own),
            "other_department": self._case("traffic", nowhere),
            "other_grid": self._case("traffic", other),
            "closed": self._closed("water", own),
            "secret": self._case("traffic", own, secret=True),
        }
        self.clients: dict[str, FlaskClient] = {who: self._client(who) for who in WHO}
        self.tokens = {who: self.site.token(f"one.{who}") for who in ROLES}

    def _client(self, who: str) -> FlaskClient:
        return self.site.visitor() if who == VISITOR else self.site.client(f"one.{who}")

    def _case(self, department: str, place: tuple[float | None, float | None], *, secret: bool = False) -> Case:
        """A case whose order is issued to a department and waits to be signed for."""
        city, now = self.city, self.city.clock.now()
        opening = Opening("signal", "10101", 3, *place, None, now)
        incident = city.engine.command(open_incident, SYSTEM_ACTOR, opening)
        city.do("accept", of=incident, decision="accept")
        city.do("file", of=incident, decision="file", sensitive=secret)
        # The proposed lead stands aside, so that only the addressee and the place decide.
        city.engine.command(_without_lead, SYSTEM_ACTOR, incident)
        city.do("dispatch", of=incident, objective="a", content="b", lead=[department])
        order = city.city.newest_order(incident)
        for node, answers in (("draft", {}), ("review", {"decision": "approve"}), ("issue", {})):
            city.do(node, of=order, **answers)
        item = next(item for item in city.open("sign", department) if item.subject_id == order)

        def photo(desk: Desk) -> str:
            return self.store.put(desk.uow, PNG, subject_kind="directive", subject_id=order, created_by=None).id

        return Case(incident, order, item.instance_id, item.wait, city.engine.command(photo, SYSTEM_ACTOR))

    def _closed(self, department: str, place: tuple[float | None, float | None]) -> Case:
        """A case whose loop is closed; its item was done."""
        case = self._case(department, place)
        city = self.city
        steps = [("sign", {"decision": "sign"}), ("handle", {}), ("feedback", {"text": "done"})]
        steps += [("verify", {"decision": "pass"}), ("evaluate", {"score": 80})]
        for node, answers in steps:
            city.do(node, of=case.order, **answers)
        city.do("close", of=case.incident, decision="close", reply="Done")
        city.do("evaluate", of=case.incident, score=80)
        return case


def _without_lead(desk: Desk, incident: str) -> None:
    desk.uow.execute(update(t.incident).where(t.incident.c.id == incident).values(lead_department_id=None))


PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c626001000000ffff03000006000557bfabd40000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The world, once for all questions: none of them changes anything."""
    found = World(tmp_path_factory.mktemp("routes"))
    yield found
    found.city.city.close()


def fill(world: World, rule: Any, case: Case) -> str:
    """The address of a route for a case."""
    values = {
        "id": case.incident,
        "instance_id": case.instance,
        "wait": str(case.wait),
        "evidence_id": case.evidence,
        "signal_id": NOWHERE,
        "filename": "app.css",
        "place": "0",
    }
    if rule.endpoint.startswith(("orders.", "v1.order", "v1.withdraw")):
        values["id"] = case.order
    if rule.endpoint.startswith("library.") or rule.endpoint in ("instances.migration", "instances.migrate"):
        values["id"] = world.city.rows(definition, definition.c.process_id == "closed_loop_command")[0].id
    if "/process-versions/" in str(rule.rule):
        values["id"] = values["other"] = world.city.rows(definition)[0].id
    if rule.endpoint == "account.revoke" or "/external-work/" in str(rule.rule):
        values["id"] = NOWHERE
    if rule.endpoint in ("instances.letter", "instances.batch", "instances.steer"):
        values["id"] = NOWHERE
    if rule.endpoint in ("instances.instance", "instances.act"):
        values["id"] = case.instance
    path = str(rule.rule)
    for name, value in values.items():
        path = (
            path.replace(f"<{name}>", value)
            .replace(f"<int(max=2147483647):{name}>", value)
            .replace(f"<int(max=999):{name}>", value)
            .replace(f"<path:{name}>", value)
        )
    return path


FORMS: dict[str, dict[str, Any]] = {
    **{f"library.{name}": {"revision": "9"} for name in ("answer", "review", "publish", "retire", "prove")},
    "library.send_back": {"revision": "9", "reason": "a"},
    "work.claim": {"revision": "9"},
    "work.release": {"revision": "9"},
    "work.complete": {"revision": "9", "f-decision": "sign"},
    "orders.withdraw": {"reason_code": "Not a code"},
    "account.issue": {"name": "", "days": "0"},
    "intake.take": {"content": "no base64!"},
    "incidents.draft": {"objective": "a", "content": "b", "lead": "nobody"},
    "reports.send": {"text": ""},
    "reports.progress": {"code": "AAAA-AAAA-AAAA"},
    "account.choose_language": {"language": "none"},
    "instances.act": {"act": "cancel"},
    "instances.order": {"act": "cancel"},
    "instances.steer": {"step": "none"},
}
HEADERS = {"Idempotency-Key": "matrix-0001", "If-Match": '"9"'}
BODIES: dict[str, Any] = {
    "v1.complete": {"answers": {"decision": "sign"}},
    "v1.draft": {"objective": "a", "content": "b", "lead": "nobody"},
    "v1.withdraw": {"reason_code": "Not a code"},
    "v1.upload_versions": {"files": []},
    "v1.check_versions": {"files": []},
    "v1.answer_version": {"answers": {}},
    "v1.return_version": {"reason": "a"},
    "v1.publish_version": {},
    "v1.start_version": {"department_id": "nowhere"},
    "v1.take_tickets": {"tickets": [{"external_id": ""}]},
    "v1.send_message": {"name": "nobody", "payload": {"said": "no code!"}},
    "v1.fetch_work": {"worker": "one", "topics": []},
    "v1.extend_work": {"worker": "one", "lock_s": 60},
    "v1.unlock_work": {"worker": "one"},
    "v1.complete_work": {"worker": "one"},
    "v1.end_work_with_error": {"worker": "one", "code": "broken"},
    "v1.fail_work": {"worker": "one", "error": "broken"},
}
LEFT_OUT = {
    "live.stream": "a stream without an end; tests/webapp/test_live.py asks it",
    "account.enter": "asks for no role and costs a quarter of a second each; tests/webapp/test_sign_in.py asks it",
}
SIGNS_OUT = {"account.leave"}


def ask(world: World, rule: Any, who: str, name: str) -> int:
    """The status somebody gets for a route and a case."""
    case = world.cases[name]
    path = fill(world, rule, case)
    client = world.clients[who]
    if path.startswith("/api/"):
        headers = {} if who == VISITOR else {"Authorization": f"Bearer {world.tokens[who]}"}
        if "POST" in rule.methods:
            key = {"Idempotency-Key": f"{rule.endpoint}-{who}-{name}"[-64:].replace("_", "-")}
            body = BODIES.get(rule.endpoint)
            more = {"json": body} if body is not None else {}
            answer = world.site.visitor().post(path, headers={**HEADERS, **key, **headers}, **more)
        else:
            answer = world.site.visitor().get(path, headers=headers)
    elif "POST" in rule.methods:
        answer = world.site.post(client, path, FORMS.get(rule.endpoint, {}))
    else:
        answer = client.get(path)
    answer.close()  # a file that is served stays open until then
    assert_safe(answer, path)
    return answer.status_code


def assert_safe(answer: TestResponse, path: str) -> None:
    """The answer carries what keeps a browser safe, whatever its status."""
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith(("default-src 'self'", "sandbox; default-src 'none'")), path
    assert "unsafe" not in policy, path
    assert answer.headers["X-Content-Type-Options"] == "nosniff", path
    assert answer.headers["X-Frame-Options"] == "DENY", path
    assert answer.headers["Referrer-Policy"] == "same-origin", path
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", path
    assert len(answer.headers["X-Request-Id"]) == 16, path


def matrix(world: World) -> dict[str, dict[str, str]]:
    """Who gets what now: for each route and role the five statuses."""
    found: dict[str, dict[str, str]] = {}
    for rule in sorted(world.site.app.url_map.iter_rules(), key=lambda rule: rule.endpoint):
        if rule.endpoint in LEFT_OUT:
            continue
        found[rule.endpoint] = {}
        for who in WHO:
            statuses = []
            for name in CASES:
                world.city.engine.command(_fresh_windows, SYSTEM_ACTOR)
                statuses.append(str(ask(world, rule, who, name)))
                if rule.endpoint in SIGNS_OUT:
                    world.clients[who] = world._client(who)
            found[rule.endpoint][who] = " ".join(statuses)
    return found


def _fresh_windows(desk: Desk) -> None:
    desk.uow.execute(rate_window.delete())


def written(found: dict[str, dict[str, str]]) -> str:
    """The matrix as the file has it: under each route, the five statuses and who gets them."""
    lines = []
    for endpoint, by_role in found.items():
        lines.append(f'["{endpoint}"]')
        groups: dict[str, list[str]] = {}
        for who, statuses in by_role.items():
            groups.setdefault(statuses, []).append(who)
        for statuses, people in groups.items():
            named = '["everybody"]' if len(groups) == 1 else "[" + ", ".join(f'"{who}"' for who in people) + "]"
            lines.append(f'"{statuses}" = {named}')
        lines.append("")
    return "\n".join(lines)


def expected() -> dict[str, dict[str, str]]:
    """The matrix of the file."""
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return {
        endpoint: {
            who: statuses for statuses, people in rows.items() for who in (WHO if "everybody" in people else people)
        }
        for endpoint, rows in table.items()
    }


def test_every_route_answers_every_role_as_the_matrix_says(world: World) -> None:
    """Nobody reaches what is not theirs; a new route without rows fails, and so does a row without a route."""
    found = matrix(world)
    if os.environ.get("CITYLOOP_WRITE_ROUTES"):
        FILE.write_text(written(found), encoding="utf-8")
    wanted = expected()
    assert sorted(found) == sorted(wanted)
    assert {(e, w): s for e, row in found.items() for w, s in row.items()} == {
        (e, w): s for e, row in wanted.items() for w, s in row.items()
    }


def test_matrix_gives_nobody_a_case_that_is_not_theirs() -> None:
    """What the file must say whatever the code does: the rules of sight, checked against its rows."""
    wanted = expected()
    reading = [e for e in wanted if e in ("incidents.incident", "orders.order", "orders.evidence", "v1.incident")]
    assert len(reading) == 4
    for endpoint in reading:
        for who, statuses in wanted[endpoint].items():
            own, department, grid, closed, secret = statuses.split()
            if who in ("department_clerk", "department_head"):
                assert (own, department, grid, closed, secret) == ("200", "404", "404", "200", "404"), (endpoint, who)
            if who in (VISITOR, "public", "auditor", "admin", "process_designer"):
                assert "200" not in statuses, (endpoint, who)
            if who == "grid_officer":
                assert (department, grid, secret).count("200") == 0, (endpoint, who)


def test_headers_stand_on_every_answer(world: World) -> None:
    """No status, no route and no refusal goes out without what keeps a browser safe."""
    asked = ["/", "/nothing", "/inbox/", "/api/v1/me", "/api/v1/nothing", "/static/app.css", "/healthz", "/report"]
    client = world.clients["department_clerk"]
    answers = [client.get(path) for path in asked]
    answers += [
        client.post("/report"),
        client.put("/api/v1/me"),
        client.get("/work/x/1"),
        client.post("/sign-in", data={}),
    ]
    assert {200, 400, 401, 404, 405} <= {answer.status_code for answer in answers}
    for answer in answers:
        assert_safe(answer, answer.request.path)
        answer.close()


def test_unsafe_methods_without_the_forms_value_are_refused(world: World) -> None:
    """No other site can make a browser act: every POST of the pages asks for the value its form carries."""
    world.city.newcomer("one.everything")
    for role in ROLES:
        world.city.appoint("one.everything", "water" if role in DEPARTMENT_ROLES else "centre", role)
    client = world.site.client("one.everything")
    before = world.city.everything()
    for rule in world.site.app.url_map.iter_rules():
        if "POST" not in rule.methods:
            continue
        path = fill(world, rule, world.cases["own"])
        for data in ({}, {"csrf": "wrong"}):
            status = client.post(path, data=data).status_code
            assert status == (401 if path.startswith("/api/") else 400), path
        stranger = client.post(path, data={"csrf": world.site.csrf(client)}, headers={"Origin": "http://evil.example"})
        assert stranger.status_code == (401 if path.startswith("/api/") else 400), path
    assert world.city.everything() == before
