"""A city with something in every state: the demo city's people and grid, and a case at every step of every process."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import select

from engine.demo.city import build_city, row_id
from engine.demo.founding import found_city
from engine.domain.access import SYSTEM_ACTOR
from engine.forms import example_answers
from engine.services import definitions, directives, messages, reports, tokens, work
from engine.services.desk import Desk
from engine.services.evidence_files import take_evidence
from engine.services.incidents import Opening, open_incident
from engine.storage.tables import directives as orders
from engine.storage.tables import org, processes
from engine.storage.tables.incidents import incident
from engine.testing import TinyCity

FORMS = {
    (source.process_id, name): form for source in definitions.shipped_sources() for name, form in source.forms.items()
}
CENTRE = "command_centre"
EVENT, REQUEST = "20402", "60101"
INSIDE = (120.0055, 30.0677)
"""A place in the grid."""
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "accept": {"decision": "accept"},
    "file": {"decision": "file", "level": 3},
    "dispatch": {"objective": "恢复道路通行", "content": "封闭路段，抽排积水，设置警示。", "lead": ["water"]},
    "assign": {"objective": "恢复供水", "content": "上门查明停水原因。", "lead": ["water"]},
    "review": {"decision": "approve"},
    "cosign": {"decision": "approve"},
    "sign": {"decision": "sign"},
    "handle": {"measures": "已调泵车两台"},
    "feedback": {"text": "积水已排除"},
    "verify": {"decision": "pass"},
    "call_back": {"decision": "solved", "contacted": True, "satisfied": True},
    "close": {"decision": "close", "reply": "您反映的问题已处置完毕。"},
    "evaluate": {"score": 90, "text": "到场及时"},
}
RETURNED = {"decision": "return", "reason": "不在本辖区", "reason_code": "wrong_place"}
UNSOLVED = {"decision": "unsolved", "reason": "仍有残留", "contacted": True}
AGAIN = {"assign_again": "assign", "call_back_again": "call_back"}


def photo() -> bytes:
    """A small photo."""
    out = io.BytesIO()
    Image.new("RGB", (32, 24), "steelblue").save(out, "JPEG")
    return out.getvalue()


class FullCity(TinyCity):
    """The demo city over a real database, with shortcuts that bring a case to a step.

    Shape: `say` makes of a text what people write in its place, in so many characters at most.
    """

    def __init__(self, folder: Path, say: Callable[[str, int], str] = lambda text, _: text) -> None:
        super().__init__(folder)
        self.say = say
        self.evidence = folder / "evidence"
        self.codes: dict[str, str] = {}
        """Follow codes of reports by a name."""
        self.cases: dict[str, str] = {}
        """Ids of incidents by a name."""
        self.directives: dict[str, str] = {}
        """Ids of orders by a name."""

    def _settle(self, desk: Desk) -> None:
        found_city(desk, build_city(self.clock.now().date()))

    # -- people ----------------------------------------------------------------------------------------------------

    def holder(self, role: str, department: str = CENTRE, place: int = 0) -> str:
        """The id of somebody who holds a role in a department."""
        table = org.post_holding.join(org.post, org.post_holding.c.post_id == org.post.c.id)
        statement = (
            select(org.post_holding.c.person_id)
            .select_from(table)
            .where(org.post.c.department_id == row_id("department", department), org.post.c.role == role)
            .order_by(org.post.c.code, org.post_holding.c.person_id)
        )
        with self.engine.database.read(self.clock.now()) as uow:
            return str(uow.execute(statement).scalars().all()[place])

    def worker(self, item: Any) -> str:
        """The id of somebody whose item this is."""
        with self.engine.database.read(self.clock.now()) as uow:
            found = self.engine.city.roster(uow).holder(item.department_id, item.role, self.clock.now())
        assert found is not None
        return found.person_id

    # -- cases -----------------------------------------------------------------------------------------------------

    def report(self, name: str, text: str, event_type: str, *photos: bytes) -> str:
        """Somebody reports something in the web form; the id of the incident."""
        who = {"name": self.say("王先生", 60), "phone": self.say("13800000000", 30)}
        where = {"address": self.say("解放路与人民路路口", 200), "longitude": INSIDE[0], "latitude": INSIDE[1]}
        key = f"report-{name}".ljust(20, "-")
        said = reports.Report(key, self.say(text, 2000), event_type, **where, **who)
        self.codes[name] = self.engine.command(reports.report, SYSTEM_ACTOR, said, list(photos), self.evidence)
        found = self.engine.read(reports.follow, self.codes[name]).incident_id
        assert found is not None
        self.cases[name] = found
        return found

    def open_case(self, name: str, event_type: str = EVENT, level: int | None = 3) -> str:
        """A case without a report; its id."""
        opening = Opening("signal", event_type, level, *INSIDE, None, self.clock.now())
        self.cases[name] = self.engine.command(open_incident, SYSTEM_ACTOR, opening)
        return self.cases[name]

    def waiting(self, incident_id: str) -> list[Any]:
        """The open items of a case and its orders, oldest first."""
        table = orders.directive
        with self.engine.database.read(self.clock.now()) as uow:
            found = uow.execute(select(table.c.id).where(table.c.incident_id == incident_id)).scalars().all()
        return [item for item in self.items() if item.subject_id in (incident_id, *found)]

    def bring(self, incident_id: str, node: str, **choices: Mapping[str, Any]) -> Any:
        """Do one step after another until a node is open; its item. Shape: `choices` are answers by node."""
        for _ in range(60):
            items = self.waiting(incident_id)
            wanted = next((item for item in items if item.node_id == node), None)
            if wanted is not None:
                return wanted
            self.complete(items[0], choices.get(items[0].node_id, {}))
        raise AssertionError(f"{node} was not reached: {[item.node_id for item in self.waiting(incident_id)]}")

    def complete(self, item: Any, choices: Mapping[str, Any]) -> None:
        """Complete an item as one of those whose it is, with the usual answers and these."""
        form = FORMS[self.process_of(item), item.form]
        usual = ANSWERS.get(AGAIN.get(item.node_id, item.node_id), {})
        fields = form["properties"]
        chosen = {
            name: self.say(value, fields[name]["maxLength"]) if fields[name].get("maxLength", 0) > 40 else value
            for name, value in {**usual, **choices}.items()
            if name in fields and value is not None
        }
        worker, answers = self.person(self.worker(item)), example_answers(form, chosen)
        self.engine.command(work.complete, worker, item.instance_id, item.wait, item.revision, answers)

    def process_of(self, item: Any) -> str:
        """The process an item belongs to."""
        table = processes.process_instance.join(processes.definition)
        statement = select(processes.definition.c.process_id).select_from(table)
        with self.engine.database.read(self.clock.now()) as uow:
            return str(uow.execute(statement.where(processes.process_instance.c.id == item.instance_id)).scalar_one())

    def message(self, item: Any, name: str) -> None:
        """Tell whoever waits for a message in the instance of an item."""
        self.engine.command(messages.deliver_in_scope_that_waits, SYSTEM_ACTOR, item.instance_id, name)

    def item(self, process: str, form: str) -> Any:
        """The newest open item of a form that nobody has taken into hand."""
        return [i for i in self.items() if i.form == form and i.claimed_by is None and self.process_of(i) == process][
            -1
        ]

    @staticmethod
    def item_path(item: Any) -> str:
        """The address of an item."""
        return f"/work/{item.instance_id}/{item.wait}"

    def number_of(self, name: str) -> str:
        """The number of a case."""
        statement = select(incident.c.number).where(incident.c.id == self.cases[name])
        with self.engine.database.read(self.clock.now()) as uow:
            return str(uow.execute(statement).scalar_one())

    def keep_order(self, name: str, incident_id: str) -> str:
        """Remember the newest order of a case; its id."""
        self.directives[name] = self.newest_order(incident_id)
        return self.directives[name]


def fill(city: FullCity) -> None:
    """What a city looks like on an ordinary day: something closed, something overdue, something at every step."""
    _closed(city)
    _old_and_overdue(city)
    city.clock.advance(timedelta(hours=5))
    city.engine.fire_all_due()
    _at_every_step(city)
    _not_taken_on(city)
    held = city.waiting(city.cases["order_sign"])[0]
    city.engine.command(work.claim, city.person(city.worker(held)), held.instance_id, held.wait, held.revision)
    clerk = city.person(city.holder("department_clerk", "water"))
    for name in ("巡查程序", "旧程序"):
        city.engine.command(tokens.issue_token, clerk, city.say(name, 80), ["read", "work"], 90)
    old = city.engine.read(tokens.tokens_of, clerk.person_id)[-1]
    city.engine.command(tokens.revoke_token, clerk, old.id)
    city.engine.seal()


def _closed(city: FullCity) -> None:
    """A case through everything: returned by the reviewer and by a department, reworked, closed, evaluated."""
    case = city.report("closed", "路口积水齐膝，车辆熄火。", EVENT, photo())
    both = {"lead": ["water"], "co": ["traffic_police"], "copy": ["emergency"]}
    level = {"level": 2, "sensitive": False}
    item = city.bring(case, "review", file=level, dispatch=both)
    city.complete(item, {"decision": "return_for_revision", "reason": "措施不具体"})
    item = city.bring(case, "sign", file=level, dispatch=both)
    city.complete(item, RETURNED)
    order = city.keep_order("closed", case)
    scans = [
        take_evidence(city.engine, city.evidence, SYSTEM_ACTOR, photo(), kind="directive", subject_id=order)
        for _ in range(2)
    ]
    item = city.bring(case, "verify", decide_return={"reason": "属本单位职责"}, feedback={"evidence": scans})
    city.complete(item, {"decision": "fail", "reason": "仍有积水", "legs": ["water"]})
    city.bring(case, "close")
    city.complete(city.bring(case, "close"), {})
    city.complete(city.bring(case, "evaluate"), {})
    assert city.waiting(case) == []


def _old_and_overdue(city: FullCity) -> None:
    """Cases that nobody touches for hours: their clocks run out, and the paper of an oral order is not made good."""
    oral = city.open_case("oral")
    city.bring(oral, "sign", dispatch={"issue_mode": "oral_first"})
    city.keep_order("oral", oral)
    city.bring(city.report("overdue", "井盖缺失。", "50201"), "handle", file={"level": None})
    city.keep_order("overdue", city.cases["overdue"])


def _at_every_step(city: FullCity) -> None:
    """One case at each step of each process."""
    for node in ("accept", "file", "dispatch", "close", "evaluate"):
        city.bring(
            city.report(f"response_{node}", "主干道水管爆裂，水柱三米高。", EVENT),
            "close" if node == "evaluate" else node,
        )
    city.complete(city.bring(city.cases["response_evaluate"], "close"), {})
    for node in ("draft", "review", "issue", "sign", "handle", "feedback", "verify", "evaluate"):
        city.bring(city.open_case(f"order_{node}"), node)
        city.keep_order(node, city.cases[f"order_{node}"])
    city.bring(city.open_case("order_cosign", level=1), "cosign", file={"level": 1})
    city.complete(city.bring(city.open_case("order_decide_return"), "sign"), RETURNED)
    city.keep_order("decide_return", city.cases["order_decide_return"])
    item = city.bring(city.open_case("order_coordinate"), "handle")
    for message in ("problem.raised", "incident.levelChanged"):
        city.message(item, message)
    for node in ("accept", "assign", "call_back"):
        city.bring(city.report(f"request_{node}", "家中停水两天，请尽快处理。", REQUEST), node)
    for node in ("close", "evaluate"):
        city.bring(city.open_case(f"request_{node}", REQUEST, None), "close")
    city.complete(city.bring(city.cases["request_evaluate"], "close"), {})
    shelved = city.open_case("request_shelve", REQUEST, None)
    city.bring(shelved, "shelve", call_back=UNSOLVED, call_back_again=UNSOLVED)


def _not_taken_on(city: FullCity) -> None:
    """A case merged into another, one refused, one not filed, one that is secret, an order called back."""
    into = city.number_of("response_accept")
    city.complete(city.bring(city.open_case("merged"), "accept"), {"decision": "merge", "into": into})
    city.complete(city.bring(city.open_case("rejected"), "accept"), {"decision": "reject", "reason_code": "not_ours"})
    city.complete(city.bring(city.open_case("declined"), "file"), {"decision": "decline", "reason_code": "settled"})
    city.bring(city.open_case("secret"), "dispatch", file={"sensitive": True})
    withdrawn = city.open_case("withdrawn")
    city.bring(withdrawn, "sign")
    order = city.keep_order("withdrawn", withdrawn)
    city.engine.command(directives.withdraw_directive, city.person(city.holder("commander")), order, "duplicate")
