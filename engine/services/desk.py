"""One command at work: its unit of work, its actor, and what it leaves behind — facts, ledger row, messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from engine.domain.access import Actor, Subject, permits, require
from engine.domain.events import Fact
from engine.storage import ledger, outbox
from engine.storage.prepared import insert_into
from engine.storage.tables.ledger import fact as fact_table
from engine.storage.uow import UnitOfWork

from .city import City
from .letters import Letter, Opened

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request a command is carried out for: it goes into the ledger rows, so a click can be found there."""

_FACTS = insert_into(fact_table)


class Desk:
    """What a command works with. Facts are collected and written once, when the command is done."""

    __slots__ = ("_chains", "_facts", "_messages", "actor", "city", "letters", "now", "opened", "uow")

    def __init__(self, uow: UnitOfWork, city: City, actor: Actor) -> None:
        self.uow = uow
        self.city = city
        self.actor = actor
        self.now: datetime = uow.now
        self._facts: list[Fact] = []
        self._chains: dict[str, list[Fact]] = {}
        self._messages: list[tuple[str, str, Mapping[str, Any]]] = []
        self.letters: list[Letter] = []  # what instances sent to others, routed when the command has done its work
        self.opened: list[Opened] = []  # waits for messages that were opened: one may be held for them

    @property
    def actor_id(self) -> str | None:
        """The person acting; None for the engine itself."""
        return None if self.actor.is_system else self.actor.person_id

    def record(self, fact: Fact, chain: str) -> None:
        """Keep a fact. `chain` names the subject whose ledger chain it belongs to, as `kind:id`."""
        self._facts.append(fact)
        self._chains.setdefault(chain, []).append(fact)

    def send(self, topic: str, key: str, payload: Mapping[str, Any]) -> None:
        """Put a message into the outbox; it leaves after the commit, at least once, under `key`."""
        self._messages.append((topic, key, payload))

    def subject(self, *department_ids: str) -> Subject:
        """What a permission is asked about: an object of these departments."""
        return self.city.tree(self.uow).subject(*department_ids)

    def require(self, permission: str, *department_ids: str) -> None:
        """Refuse an actor without the permission there. Raises: NotAllowed (`access.not_permitted`)."""
        if not self.actor.is_system:
            require(self.actor, permission, self.subject(*department_ids), self.city.profile.rights)

    def may(self, permission: str, *department_ids: str) -> bool:
        """Whether the actor has the permission there."""
        return permits(self.actor, permission, self.subject(*department_ids), self.city.profile.rights)

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of the command that is undone alone when it raises: its rows, its facts, its messages."""
        facts, messages = len(self._facts), len(self._messages)
        letters, opened = len(self.letters), len(self.opened)
        try:
            with self.uow.savepoint():
                yield
        except BaseException:
            undone = {id(fact) for fact in self._facts[facts:]}
            del self._facts[facts:], self._messages[messages:], self.letters[letters:], self.opened[opened:]
            for chain in self._chains.values():
                chain[:] = [fact for fact in chain if id(fact) not in undone]
            raise

    def finish(self) -> None:
        """Write facts, one ledger row for each chain, and the outbox."""
        if self._facts:
            self.uow.run_many(_FACTS, [_row(fact) for fact in self._facts])
        request_id = REQUEST_ID.get()
        for chain, facts in self._chains.items():
            if not facts:
                continue
            content: dict[str, Any] = {"facts": [_entry(fact) for fact in facts]}
            if request_id is not None:
                content["request"] = request_id
            ledger.append(self.uow, chain, content)
        self.uow.failpoint("after_ledger")
        for topic, key, payload in self._messages:
            outbox.put(self.uow, topic, key, payload)


def _row(fact: Fact) -> dict[str, Any]:
    return {
        "at": fact.at,
        "code": fact.code,
        "subject_kind": fact.subject_kind,
        "subject_id": fact.subject_id,
        "actor_id": fact.actor_id,
        "payload": fact.payload(),
    }


def _entry(fact: Fact) -> list[Any]:
    """A fact as the ledger keeps it: code, subject, actor, payload."""
    return [fact.code, fact.subject_kind, fact.subject_id, fact.actor_id, dict(fact.payload())]
