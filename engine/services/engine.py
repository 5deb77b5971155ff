"""The engine as one object: runs commands in transactions, tries again what only collided, remembers answers by key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import bindparam, delete, select

from engine.clock import Clock, SystemClock, pause
from engine.domain.access import SYSTEM_ACTOR, Actor
from engine.errors import Conflict, EngineError, Rejected
from engine.profile import Profile, shipped_profile
from engine.storage import ledger
from engine.storage.audit import Verification, verify
from engine.storage.prepared import Prepared, insert_into, update_row
from engine.storage.tables.outbox import idempotency
from engine.storage.types import canonical_json
from engine.storage.uow import Database, UnitOfWork

from . import escalations, held, operations, routing, starts, timers
from .city import City
from .desk import Desk
from .people import actor_of

P = ParamSpec("P")
T = TypeVar("T")
Command = Callable[Concatenate[Desk, P], T]

MOST_TRIES = 8
KEPT_FOR = timedelta(hours=24)

_ANSWER = Prepared(
    select(idempotency.c.body_digest, idempotency.c.result).where(
        idempotency.c.actor_id == bindparam("actor_id"), idempotency.c.key == bindparam("key")
    )
)
_TAKE_KEY = insert_into(idempotency, "actor_id", "key", "command", "body_digest", "at")
_REMEMBER = update_row(idempotency, "result", where=("actor_id", "key"))
_FORGET = Prepared(delete(idempotency).where(idempotency.c.at < bindparam("before", type_=idempotency.c.at.type)))


class Engine:
    """A city's engine over one database. Threads may share it."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock | None = None,
        profile: Profile | None = None,
        seal_file: Path,
    ) -> None:
        self.database = database
        self.clock: Clock = clock or SystemClock()
        self.city = City(profile or shipped_profile())
        self.seal_file = seal_file
        self.operations: dict[str, operations.Operation] = {}

    def command(self, command: Command[P, T], actor: Actor, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a command as `actor` in one transaction, again if it only collided with another.

        Raises: whatever the command refuses; Conflict (`storage.busy`) after eight collisions.
        """
        return self._in_transaction(lambda desk: command(desk, *args, **kwargs), actor)

    def once(self, key: str, command: Command[P, T], actor: Actor, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a command whose answer is remembered under the caller's key for 24 hours.

        A repeat with the same arguments finds the answer and changes nothing.
        Raises: Rejected (`idempotency.key_reused`) if the key came with other arguments; as `command` otherwise.
        """
        name = getattr(command, "__name__", "command")
        digest = _digest(name, args, kwargs)

        def remembered(desk: Desk) -> T:
            place = {"actor_id": actor.person_id, "key": key}
            row = _answer(desk, actor, key, digest)
            if row is not None:
                found: T = row[0]
                return found
            # The key is taken first: the same request in another process waits here, then finds the answer.
            desk.uow.run(_TAKE_KEY, {**place, "command": name, "body_digest": digest, "at": desk.now})
            result = command(desk, *args, **kwargs)
            desk.uow.run(_REMEMBER, {**place, "result": result})
            return result

        return self._in_transaction(remembered, actor)

    def answered(self, key: str, actor: Actor) -> Any:
        """The answer remembered under a person's key; None for none."""
        row = self.read(lambda uow: uow.one(_ANSWER, {"actor_id": actor.person_id, "key": key}))
        return None if row is None else row[1]

    def once_in_parts(self, key: str, name: str, actor: Actor, given: Any, work: Callable[[], T]) -> T:
        """As `once`, for work in several transactions: for what changes nothing where it was done before.

        Where it was cut off, a repeat does it again and so brings it to its end.
        """
        place, digest = {"actor_id": actor.person_id, "key": key}, _digest(name, (given,), {})

        def begin(desk: Desk) -> T | None:
            row = _answer(desk, actor, key, digest)
            if row is None:
                desk.uow.run(_TAKE_KEY, {**place, "command": name, "body_digest": digest, "at": desk.now})
            return None if row is None else row[0]

        known = self._in_transaction(begin, actor)
        if known is not None:
            return known
        result = work()
        self._in_transaction(lambda desk: desk.uow.run(_REMEMBER, {**place, "result": result}), actor)
        return result

    def _in_transaction(self, work: Callable[[Desk], T], actor: Actor) -> T:
        for attempt in range(1, MOST_TRIES + 1):
            try:
                with self.database.write(self.clock.now()) as uow:
                    desk = Desk(uow, self.city, actor)
                    result = work(desk)
                    routing.route(desk)
                    desk.finish()
                return result
            except Conflict as collision:
                if collision.code != "storage.busy" or attempt == MOST_TRIES:
                    raise
                pause(0.002 * 2**attempt)
        raise AssertionError("unreachable")

    def read(self, question: Callable[Concatenate[UnitOfWork, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Ask the database a question, seeing one state of it."""
        with self.database.read(self.clock.now()) as uow:
            return question(uow, *args, **kwargs)

    def actor(self, person_id: str) -> Actor:
        """The person as an actor with the posts held now."""
        with self.database.read(self.clock.now()) as uow:
            return actor_of(self.city, uow, person_id, self.clock.now())

    # -- what the worker does ---------------------------------------------------------------------------------------

    def fire_due(self) -> int:
        """Fire rungs, timers and starts, deliver letters, carry out operations: one batch of each; how many in all."""
        rungs = self.command(escalations.fire_due, SYSTEM_ACTOR)
        fired = self.command(timers.fire_due, SYSTEM_ACTOR) + self.command(starts.fire_due, SYSTEM_ACTOR)
        given = self.command(held.deliver_due, SYSTEM_ACTOR, routing.hand_over, routing.begin)
        return rungs + fired + given + self.command(operations.carry_out_due, SYSTEM_ACTOR, self.operations)

    def fire_all_due(self, most_batches: int = 10_000) -> int:
        """Fire batches until nothing is due any more, or nothing that is due can be fired; how many in all."""
        total = 0
        for _ in range(most_batches):
            fired = self.fire_due()
            total += fired
            if not fired:
                break
        return total

    def seal(self) -> int:
        """Seal the ledger rows written since the last seal and anchor the seal; how many rows."""
        return ledger.seal_pending(self.database, self.clock.now(), self.seal_file)

    def verify(self) -> Verification:
        """Check rows, chains, seals and anchor of the ledger."""
        with self.database.read(self.clock.now()) as uow:
            return verify(uow, self.database.keys, self.seal_file)

    def forget_old_answers(self) -> int:
        """Drop answers kept longer than 24 hours; how many."""

        def forget(desk: Desk, before: datetime) -> int:
            return desk.uow.run(_FORGET, {"before": before})

        return self.command(forget, SYSTEM_ACTOR, self.clock.now() - KEPT_FOR)


def _answer(desk: Desk, actor: Actor, key: str, digest: str) -> tuple[Any] | None:
    """What is remembered under a key, if anything. Raises: Rejected (`idempotency.key_reused`)."""
    row = desk.uow.one(_ANSWER, {"actor_id": actor.person_id, "key": key})
    if row is not None and row[0] != digest:
        raise Rejected(
            "idempotency.key_reused",
            "Expected a new key for a new request, but this key came with another one.",
            key=key,
        )
    return None if row is None else (row[1],)


def _digest(name: str, args: Any, kwargs: Any) -> str:
    try:
        text = canonical_json([name, list(args), dict(kwargs)])
    except (TypeError, ValueError) as error:
        raise EngineError("idempotency.not_json", "Expected arguments that JSON can hold, but one is not.") from error
    return hashlib.sha256(text.encode()).hexdigest()
