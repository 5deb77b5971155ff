"""Many clients want the same work items at once: each is done exactly once, and nobody loses what they typed."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from urllib.parse import urlencode, urlsplit

import pytest

from engine.storage.tables.processes import item_history
from tests.live_server import serving
from tests.services.play import Play
from tests.webapp.site import Site

CLIENTS = 8


class Client(threading.Thread):
    """One browser of a clerk: asks for every item once and remembers each answer."""

    def __init__(self, address: str, site: Site, number: int, paths: list[str]) -> None:
        super().__init__(name=f"client {number}")
        self.typed = f"typed by number {number}"
        browser = site.client("centre.intake_clerk")
        cookie = browser.get_cookie("cityloop")
        assert cookie is not None
        self.headers = {
            "Cookie": f"cityloop={cookie.value}; cityloop-language=en",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self.csrf = site.csrf(browser)
        self.netloc = urlsplit(address).netloc
        self.paths = paths[number:] + paths[:number]
        self.statuses: Counter[int] = Counter()
        self.lost: list[str] = []

    def run(self) -> None:
        """Ask for every item."""
        connection = http.client.HTTPConnection(self.netloc, timeout=60)
        body = urlencode({"csrf": self.csrf, "revision": "1", "f-decision": "answer", "f-reply": self.typed})
        for each in self.paths:
            connection.request("POST", f"{each}/complete", body, self.headers)
            answer = connection.getresponse()
            page = answer.read().decode()
            self.statuses[answer.status] += 1
            if answer.status == 409 and self.typed not in page:
                self.lost.append(each)
        connection.close()


def crowd(site: Site, items: int) -> None:
    """So many items, eight clients, and what must have become of them."""
    city = site.city
    for _ in range(items):
        city.city.incident()
    paths = [f"/work/{item.instance_id}/{item.wait}" for item in city.items()]
    with serving(site.app) as address:
        clients = [Client(address, site, number, paths) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    total: Counter[int] = sum((client.statuses for client in clients), Counter())
    assert total == {302: items, 409: items * (CLIENTS - 1)}
    assert [client.lost for client in clients] == [[]] * CLIENTS
    assert len(city.rows(item_history)) == items
    assert city.items() == []


def test_hundred_items_wanted_by_eight_clients_are_done_once_each(site: Site) -> None:
    """Exactly one completion each; everybody else is told cleanly, with what they typed."""
    crowd(site, 100)


@pytest.mark.long
def test_thousand_items_wanted_by_eight_clients_are_done_once_each(site: Site) -> None:
    """The same with a thousand."""
    crowd(site, 1_000)


def test_conflict_names_who_did_it_and_when(sqlite_city: Play, site: Site) -> None:
    """A clerk who was slower learns who was faster and when, and keeps the text."""
    sqlite_city.issued("water")
    sqlite_city.newcomer("water.second")
    sqlite_city.appoint("water.second", "water", "department_clerk")
    address = site.item_path("sign", "water")
    sqlite_city.do("sign", "water", decision="sign")
    client = site.client("water.second")
    answer = site.post(client, f"{address}/complete", {"revision": "1", "f-decision": "return", "f-reason": "Not ours"})
    page = answer.text
    assert answer.status_code == 409
    assert "Not ours" in page
    assert "water.clerk" in page
    assert "17:00" in page or "09:00" in page
