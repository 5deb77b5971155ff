"""Ways to open a page: by its address, through a form, with a file, and all that makes the city refuse."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from engine.domain.access import SYSTEM_ACTOR
from engine.services import batches, definitions, drafts, limits, publishing
from engine.storage.tables.processes import definition, instance_history, process_instance
from tests.browser.full_city import FullCity
from tests.browser.visit import Visit
from tests.services.play import drawing, node
from tests.services.play import path as flows
from webapp.cursor import encode

Open = Callable[[Visit], None]


def at(path: str) -> Open:
    """Open an address."""
    return lambda visit: visit.go(path)


def case(name: str) -> Open:
    """Open the page of a case."""
    return lambda visit: visit.go(f"/incidents/{visit.city.cases[name]}")


def order(name: str) -> Open:
    """Open the page of an order."""
    return lambda visit: visit.go(f"/orders/{visit.city.directives[name]}")


def item(process: str, form: str) -> Open:
    """Open a work item with a form."""
    return lambda visit: visit.go(visit.city.item_path(visit.city.item(process, form)))


def process(id: str) -> Open:
    """Open the page of a process."""

    def open(visit: Visit) -> None:
        statement = select(definition.c.id).where(definition.c.process_id == id)
        with visit.city.engine.database.read(visit.city.clock.now()) as uow:
            visit.go(f"/processes/{uow.execute(statement).scalars().first()}")

    return open


def instance(name: str) -> Open:
    """Open the page of the process that carries a case."""

    def open(visit: Visit) -> None:
        visit.go(f"/instances/{_process_of(visit, name)}")

    return open


def _process_of(visit: Visit, name: str) -> str:
    """The process that carries a case: running or ended, the one nobody called."""
    for table in (process_instance, instance_history):
        statement = select(table.c.id).where(
            table.c.subject_id == visit.city.cases[name], table.c.parent_instance_id.is_(None)
        )
        with visit.city.engine.database.read(visit.city.clock.now()) as uow:
            found = uow.execute(statement).scalars().first()
        if found is not None:
            return str(found)
    raise LookupError(name)


def batch(then: str) -> Open:
    """Order a batch that nobody works on, and open a page of it."""

    def open(visit: Visit) -> None:
        admin = visit.city.engine.actor(visit.city.holder("admin"))
        chosen = [_process_of(visit, "overdue")]
        id_ = visit.city.engine.command(batches.order_batch, admin, "suspend", chosen, "核对流程图")
        visit.go(then.format(id=id_))

    return open


def migration(visit: Visit) -> None:
    """Look at the way from the first version of a process to a second one."""
    source = next(each for each in definitions.shipped_sources() if each.process_id == "hotline_request")
    newer = definitions.Source(source.process_id, source.content + b"<!-- again -->", source.forms)
    visit.city.engine.command(definitions.install_version, SYSTEM_ACTOR, newer)
    statement = (
        select(definition.c.id).where(definition.c.process_id == newer.process_id).order_by(definition.c.version)
    )
    with visit.city.engine.database.read(visit.city.clock.now()) as uow:
        first, *_, last = uow.execute(statement).scalars().all()
    visit.go(f"/instances/migration/{first}?target={last}")


def sent(path: str, button: str = "main .main-action", **fields: str) -> Open:
    """Open an address, give fields a value and send the form."""

    def open(visit: Visit) -> None:
        visit.go(path)
        visit.set(**fields)
        visit.press(button)

    return open


def dropped(path: str, field: str, name: str, content: bytes, button: str) -> Open:
    """Open an address, choose a file and send it."""

    def open(visit: Visit) -> None:
        visit.go(path)
        visit.drop(field, name, content)
        visit.press(button)

    return open


def follow(visit: Visit) -> None:
    """Follow a report by its code."""
    sent("/follow", code=visit.city.codes["overdue"])(visit)


def token(visit: Visit) -> None:
    """Make a token."""
    visit.go("/account/tokens")
    visit.set(name="巡查")
    visit.choose("scopes", "read")
    visit.press()


def refused_item(visit: Visit) -> None:
    """Return an order without saying why."""
    item("closed_loop_command", "sign")(visit)
    visit.choose("f-decision", "return")
    visit.press()


def too_late(visit: Visit) -> None:
    """Complete an item in a revision that is over."""
    item("closed_loop_command", "feedback")(visit)
    visit.set(revision="9", f__text="已清理")
    visit.press()


def held(visit: Visit) -> None:
    """Open an item that somebody has taken into hand."""
    visit.go(visit.city.item_path(visit.city.waiting(visit.city.cases["order_sign"])[0]))


def one_more_order(visit: Visit) -> None:
    """Draft one more order without its content."""
    case("order_handle")(visit)
    visit.set(objective="疏导交通", content=" ")
    visit.press("details .btn-primary")


def wrong_reason(visit: Visit) -> None:
    """Withdraw an order for a reason that is none."""
    order("sign")(visit)
    visit.tab.locator("#reason_code option").first.evaluate("(option) => { option.value = 'Not a code'; }")
    visit.press('form[action$="/withdraw"] .btn')


def too_often(visit: Visit) -> None:
    """Try a code after all tries of the minute are used up."""
    for _ in range(limits.FOLLOW.most):
        limits.take(visit.city.engine, limits.FOLLOW, "127.0.0.1")
    sent("/follow", code="AAAA-AAAA-AAAA")(visit)


def not_ours(visit: Visit) -> None:
    """Send a report that another site has made up."""
    sent("/report", csrf="wrong", text="路口积水", address="解放路 1 号")(visit)


def preview(visit: Visit) -> None:
    """Drop a table at the intake desk."""
    dropped("/intake/", "table", "hotline.csv", TABLE, "main form[enctype] .btn")(visit)


def columns_missing(visit: Visit) -> None:
    """Take a table in without the column of the text."""
    preview(visit)
    visit.set(column__text="")
    visit.press()


def taken(visit: Visit) -> None:
    """Take a table in, of which one row is whole."""
    preview(visit)
    visit.press()


def guided(path: Open) -> Open:
    """Open a page while being guided."""

    def open(visit: Visit) -> None:
        visit.cookie("cityloop-guide", visit.city.cases["response_dispatch"])
        path(visit)

    return open


def guided_report(visit: Visit) -> None:
    """Begin the guided incident."""
    visit.cookie("cityloop-guide", "report")
    visit.go("/report")


def next_page(visit: Visit) -> None:
    """Open the page of a list after its first."""
    visit.go(f"/incidents/?after={encode(visit.city.clock.now(), 'z')}")


def drawn(part: str, *made: str) -> Open:
    """Begin a drawing, make something in it, and show a part of the page. Shape: `made` are the keys of buttons."""

    def open(visit: Visit) -> None:
        visit.go("/processes/draw")
        visit.tab.wait_for_selector("#canvas[data-ready]")
        visit.tab.locator(f"#tab-{part}").click()
        for key in made:
            visit.tab.locator(f'#part-{part} [data-key="{key}"]').click()
        visit.tab.wait_for_selector("#findings [role=status]", state="attached")

    return open


def redrawn(visit: Visit) -> None:
    """Go on with a draft."""
    engine, designer = visit.city.engine, visit.city.person(visit.city.holder("process_designer"))
    text = drawing("drawn", START + END + flows("s", "e")).replace("isExecutable", 'name="路面巡查" isExecutable')
    checked = drafts.check_files(engine, {"drawn.bpmn": text.encode()})
    kept = engine.command(drafts.submit, designer, checked)["versions"][0]["id"]
    visit.go(f"/processes/{kept}/draw")
    visit.tab.wait_for_selector("#canvas[data-ready]")
    visit.tab.wait_for_selector("#findings [role=status]", state="attached")


def played(visit: Visit) -> None:
    """Play a drawing."""
    drawn("player", "run")(visit)
    visit.tab.wait_for_selector(".frames li")
    visit.tab.locator('[data-key="forward"]').click()


def version(name: str, page: str = "") -> Open:
    """Open a page of a version that has come so far: in review, published, or stuck in its proof."""
    return lambda visit: visit.go(f"/processes/{_version(visit.city, name)}{page}")


def _version(city: FullCity, name: str) -> str:
    """The id of the newest version of a small process in that state, made where there is none yet."""
    first, second = (city.engine.actor(city.holder("process_designer", place=place)) for place in (0, 1))
    c = definition.c
    statement = select(c.id).where(c.process_id == f"tiny_{name}").order_by(c.version.desc())
    with city.engine.database.read(city.clock.now()) as uow:
        known = uow.execute(statement).scalars().first()
    if known is not None:
        return str(known)
    for content in VERSIONS[name]:
        files = {f"{name}.bpmn": content, "note.json": NOTE}
        kept = city.engine.command(drafts.submit, first, drafts.check_files(city.engine, files))
        id = str(kept["versions"][0]["id"])
        if name != "stuck":
            city.engine.command(publishing.submit_for_review, first, id, 1)
        if name == "published":
            city.engine.command(publishing.publish, second, id, 2)
    return id


def draft(visit: Visit) -> None:
    """Upload a file that leaves something open."""
    dropped("/processes/", "file", "流程.bpmn", FINDINGS, "main .main-action")(visit)


def wrong_answer(visit: Visit) -> None:
    """Answer a question with something that is no answer to it."""
    dropped("/processes/", "file", "定时.bpmn", ASKS, "main .main-action")(visit)
    visit.choose("how-0", "own")
    visit.set(own__0="很快 吧")
    visit.press("#answer")


def empty_start(visit: Visit) -> None:
    """Start a process without its start form."""
    version("published", "/start")(visit)
    visit.press()


def called(id: str, body: str) -> bytes:
    """A drawing of a process with a name."""
    return drawing(id, body).replace("isExecutable", 'name="路面巡查" isExecutable').encode()


TABLE = (
    "工单编号,受理时间,诉求内容,地址,来电人,来电号码,经度,纬度\n"
    "11,2026-03-02 09:10,路灯不亮,和平路 3 号,李女士,13900000001,120.0055,30.0677\n"
    "12,昨天,垃圾未清运,和平路 5 号,赵先生,13900000002,,\n"
    "13,2026-03-02 09:30,,和平路 7 号,孙女士,13900000003,东边,30.0677\n"
).encode()
START, END = node("startEvent", "s", 'name="收到"'), node("endEvent", "e", 'name="结束"')
STEP = node("userTask", "a", 'name="处理"')
NOTE = '{"type": "object", "properties": {"text": {"type": "string", "title": "说明"}}, "required": ["text"]}'.encode()
SPLIT = node("exclusiveGateway", "g", 'name="够了？" default="g_a"') + node("parallelGateway", "j", 'name="会合"')
STUCK = (
    START + STEP + SPLIT + node("userTask", "b", 'name="增援"') + END + flows("s", "g", "a", "j", "e") + flows("b", "j")
)
STUCK += """<bpmn:sequenceFlow id="g_b" sourceRef="g" targetRef="b">
<bpmn:conditionExpression>n == 1</bpmn:conditionExpression></bpmn:sequenceFlow>"""
TIMED = START + node("intermediateCatchEvent", "w", 'name="等待"', "<bpmn:timerEventDefinition/>") + END
ASKS = called("tiny_timed", TIMED + flows("s", "w", "e"))
LOOK = called("tiny_review", START + STEP + END + flows("s", "a", "e"))
FORMED = node("startEvent", "s", 'name="收到" cl:form="note"') + STEP + END + flows("s", "a", "e")
VERSIONS = {
    "review": (LOOK, LOOK.replace("处理".encode(), "核实".encode())),
    "published": (called("tiny_published", FORMED),),
    "stuck": (called("tiny_stuck", STUCK),),
}
FINDINGS = called("tiny", START + STEP + node("userTask", "b", 'name="孤立"') + flows("s", "a"))
