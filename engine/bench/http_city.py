"""The city that `http` asks: the reference workload with clerks and supervisors who are signed in, and its requests.

A request is what a browser sends for the page's own form: session cookie, form value, the key under which it is
carried out once, the revision that was seen, the fields. Time is the machine's: the server reads it too.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import bindparam, func, insert, select

from engine.bench import reference
from engine.bench.http_load import request
from engine.bench.service import begin, furnish
from engine.clock import FixedClock, SystemClock
from engine.domain.access import SYSTEM_ACTOR
from engine.services import accounts, work
from engine.services.desk import Desk
from engine.services.installation import open_engine, prepare
from engine.settings import Settings, Synchronous
from engine.storage.prepared import Prepared
from engine.storage.tables import org
from engine.storage.tables.processes import item_history, work_item
from engine.storage.types import new_id

CLERKS, SUPERVISORS = 16, 200
OVERDUE = 60
"""Items that stand overdue on every board, so that a board is a full page."""
_OVERDUE_SINCE = timedelta(days=9)
_ITEMS = Prepared(
    select(work_item.c.wait, work_item.c.node_id).where(work_item.c.instance_id == bindparam("instance_id"))
)
_DONE = Prepared(select(func.count()).select_from(item_history).where(item_history.c.how == "completed"))


class City:
    """An installation in `folder` whose people are signed in."""

    def __init__(
        self, folder: Path, synchronous: Synchronous, *, clerks: int = CLERKS, supervisors: int = SUPERVISORS
    ) -> None:
        folder.mkdir()
        self.environment = {
            "CITYLOOP_DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
            "CITYLOOP_KEYS_FILE": str(folder / "keys"),
            "CITYLOOP_SYNCHRONOUS": synchronous,
            "CITYLOOP_LOG_LEVEL": "WARNING",
        }
        settings = Settings(f"sqlite:///{folder / 'bench.db'}", folder / "keys", synchronous=synchronous)
        self._clock = SystemClock()
        past = FixedClock(self._clock.now() - _OVERDUE_SINCE)
        prepare(settings, past)
        self.engine = open_engine(settings, past)
        self._department = new_id(past.now())
        self.engine.command(furnish, SYSTEM_ACTOR, self._department)
        for _ in range(OVERDUE):
            self.engine.command(begin, SYSTEM_ACTOR, self._department)
        self.engine.clock = self._clock
        self._clerks = self._people("department_clerk", clerks)
        self.supervisors = [token for token, _ in self._people("supervisor", supervisors)]
        self._waits = self._learn_waits()

    def completions(self, host: str, instances: int) -> list[bytes]:
        """Start that many instances; the requests that play them to their end, each node for all before the next."""
        started = [self.engine.command(begin, SYSTEM_ACTOR, self._department) for _ in range(instances)]
        return list(self._requests(host, started))

    def completed(self) -> int:
        """How many items have been completed at all."""
        with self.engine.database.read() as uow:
            row = uow.one(_DONE)
        assert row is not None
        return int(row[0])

    def close(self) -> None:
        """Close the database."""
        self.engine.database.close()

    def _requests(self, host: str, started: list[str]) -> Iterator[bytes]:
        for node in reference.HAPPY_PATH:
            for place, instance in enumerate(started):
                token, csrf = self._clerks[place % len(self._clerks)]
                headers = {
                    **browser(host, token),
                    "Origin": f"http://{host}",
                    "Content-Type": "application/x-www-form-urlencoded",
                }
                yield request("POST", f"/work/{instance}/{self._waits[node]}/complete", headers, _form(csrf))

    def _people(self, role: str, count: int) -> list[tuple[str, str]]:
        """People with a post of this role; cookie and form value of each."""
        ids = [new_id(self._clock.now()) for _ in range(count)]
        self.engine.command(_employ, SYSTEM_ACTOR, self._department, role, ids)
        found = []
        for id_ in ids:
            token = self.engine.command(accounts.open_session, SYSTEM_ACTOR, id_)
            session = self.engine.read(accounts.session_of, token, self._clock.now())
            assert session is not None
            found.append((token, session.csrf))
        return found

    def _learn_waits(self) -> dict[str, int]:
        """The number under which each node waits: the same in every instance that goes the same way."""
        clerk = self.engine.read(accounts.session_of, self._clerks[0][0], self._clock.now())
        assert clerk is not None
        actor, found = self.engine.actor(clerk.person_id), {}
        instance = self.engine.command(begin, SYSTEM_ACTOR, self._department)
        for node in reference.HAPPY_PATH:
            with self.engine.database.read() as uow:
                found.update({name: wait for wait, name in uow.rows(_ITEMS, {"instance_id": instance})})
            self.engine.command(work.complete, actor, instance, found[node], 1, reference.ANSWERS)
        return found


def browser(host: str, token: str) -> dict[str, str]:
    """What a browser sends with every request of somebody who is signed in."""
    return {
        "Host": host,
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36",
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8",
        "Accept-Encoding": "gzip, deflate, br",
        "Sec-Fetch-Site": "same-origin",
        "Sec-Fetch-Mode": "navigate",
        "Cookie": f"cityloop={token}; cityloop-language=zh",
    }


def _form(csrf: str) -> bytes:
    """The form as the page sends it."""
    fields = {
        "csrf": csrf,
        "once": secrets.token_urlsafe(18),
        "revision": "1",
        "f-decision": reference.ANSWERS["decision"],
        "f-by": reference.ANSWERS["by"],
        "f-note": reference.ANSWERS["note"],
        "f-evidence": "\r\n".join(reference.ANSWERS["evidence"]),
    }
    return urlencode(fields).encode()


def _employ(desk: Desk, department_id: str, role: str, person_ids: list[str]) -> None:
    """One post of the role, held by these people."""
    names = {"code": role, "name_zh": role, "name_en": role}
    desk.uow.execute(insert(org.post).values(id=role, department_id=department_id, role=role, **names))
    for id_ in person_ids:
        desk.uow.execute(insert(org.person).values(id=id_, account=id_, name=f"No. {id_[-4:]}", status="active"))
        holding = {"id": id_, "post_id": role, "person_id": id_, "valid_from": desk.now - timedelta(days=1)}
        desk.uow.execute(insert(org.post_holding).values(**holding))
    desk.city.forget()
