"""The API keeps to its description, whatever is sent to it (schemathesis): statuses, types, shapes, refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from engine.services.installation import prepare
from engine.settings import Settings
from engine.testing import START, ManualClock, TinyCity
from tests.services.play import Play
from tests.webapp.site import Site

DESCRIPTION = json.loads(Path(__file__).with_name("openapi.json").read_text("utf-8"))
KEY = re.compile(r"[A-Za-z0-9._:-]{8,64}")
NUMBERS = count()
PEOPLE = ("centre.dispatcher", "water.clerk", "centre.supervisor", "centre.intake_clerk", "centre.commander", "robot")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The pages and the API over a city with an issued order."""
    folder = tmp_path_factory.mktemp("api")
    prepare(Settings(f"sqlite:///{folder / 'city.db'}", folder / "keys"), ManualClock(START))
    city = Play(TinyCity(folder))
    city.issued("water", "traffic")
    city.appoint(city.newcomer("robot"), "centre", "admin")
    yield Site(city, folder)
    city.city.close()


@pytest.fixture(scope="module")
def described(api: Site) -> Any:
    """The description as the API gives it."""
    return schemathesis.openapi.from_wsgi("/api/v1/openapi.json", api.app)


@pytest.fixture(scope="module")
def tokens(api: Site) -> dict[str, str]:
    """A token of each person."""
    return {person: api.token(person) for person in PEOPLE}


def _fitting(path: str) -> str:
    """Somebody who may call the operation, so that the case gets past the guard."""
    for part, person in (
        ("/board", "centre.supervisor"),
        ("/hotline", "centre.intake_clerk"),
        ("/unmerge", "centre.intake_clerk"),
        ("/withdraw", "centre.commander"),
        ("/orders", "centre.dispatcher"),
        ("/messages", "robot"),
        ("/external-work", "robot"),
    ):
        if part in path:
            return person
    return "water.clerk"


def _play(api: Site, described: Any, tokens: dict[str, str], label: str, examples: int) -> None:
    """Send so many requests of every kind to one operation."""
    operation = next(found.ok() for found in described.get_all_operations() if found.ok().label == label)
    token = tokens[_fitting(operation.path)]

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case: Any) -> None:
        api.city.clock.advance(timedelta(minutes=1))  # a window of the rate limits is over each time
        headers = {"Authorization": f"Bearer {token}"}
        if KEY.fullmatch(str((case.headers or {}).get("Idempotency-Key", ""))):
            # The same key with another body is refused by contract; a description cannot say so.
            headers["Idempotency-Key"] = f"description-{next(NUMBERS):08}"
        if isinstance(case.body, dict) and case.body.get("wait_s") in range(31):
            case.body["wait_s"] = 0  # what waits is tested where work comes
        case.call_and_validate(headers=headers)

    send()


LABELS = [
    f"{method.upper()} {path}"
    for path, methods in DESCRIPTION["paths"].items()
    for method in methods
    if method != "parameters"
]


@pytest.mark.parametrize("label", LABELS)
def test_api_keeps_to_its_description(api: Site, described: Any, tokens: dict[str, str], label: str) -> None:
    """Whatever is sent, the answer is one that the description promises."""
    _play(api, described, tokens, label, 15)


@pytest.mark.long
@pytest.mark.parametrize("label", LABELS)
def test_api_keeps_to_its_description_for_long(api: Site, described: Any, tokens: dict[str, str], label: str) -> None:
    """The same with many more requests."""
    _play(api, described, tokens, label, 300)
