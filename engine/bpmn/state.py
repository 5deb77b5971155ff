"""The state of one instance, and its compact bytes.

A state carries no code and no definition: numbers of nodes and flows point into the `Net` of the version the
instance runs on. Its size depends on what is open, never on what has happened.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgpack

from ..errors import Rejected

VERSION = 2
_READABLE = (1, 2)
_MAGIC = b"CS"


ITEM, TIMER, MESSAGE, CALL, OPERATION, FAILURE, BROADCAST, CONDITION = range(8)  # what a wait waits for


# A wait is a tuple (what, node, scope, host, extra):
#   host   the activity a boundary sits on (id of its wait, scope or multi-instance body), or the gate of an event-based
#          gateway or multiple event; 0 for the wait of an activity or catch event itself; -1 for the start event of an
#          event sub-process, armed for its scope
#   extra  TIMER: (due in microseconds since 1970, repeats left after this one, interval in microseconds; -1 and the
#          text for cron), and the part of a multiple event it is for, where that is not the first
#          MESSAGE and BROADCAST: that part, None for the first
#          CONDITION: (whether it held when last looked at, that part)
#          FAILURE: where to go on: "enter", "begin", "pass", "leg_begin", "leg", "scope", "adhoc"; the result that
#          could not be taken over (of a call: its child's variables); the tokens, [flow, count] each, of a gateway;
#          the host on which an event that happened is to be armed once more
#          ITEM, OPERATION, CALL: the inputs of the node, None where it has none
Wait = tuple[int, int, int, int, Any]
ARMED_FOR_SCOPE = -1

# A scope is a list [node, parent, inside, body, layer, live, leg]:
#   inside  number of the net's scope, WRAPPER for the leg of a simple activity; of compensation UNDOING, where records
#           are undone one after the other, or HANDLING, where a handler undoes one
#   body    id of the multi-instance body it is a leg of, else 0
#   layer   the leg's own variables, or what a sub-process was given; None where the scope has none
#   live    tokens in it
#   leg     number of the leg from 1, else 0, which it is for a round of a standard loop too
# and for an ad-hoc sub-process:
#   position  how many of the activities it begins with were offered, CLOSED when no more are
NODE, PARENT, INSIDE, BODY, LAYER, LIVE, LEG, POSITION = range(8)
CLOSED = -1
WRAPPER, UNDOING, HANDLING = -1, -2, -3

# A gate is what an event-based gateway or a multiple catch event holds while it waits, by the host of its waits: a list
# [node, scope, tokens]. `done` holds, by scope, the records of the activities that can still be compensated, oldest
# first.

# A record of what is done is a list [node, number, layer, inside, leg, by itself]: numbers grow in the order of
# completion, `layer` holds the variables the activity had of its own, `inside` the records of what was done in it. They
# are undone instead of it where it has no handler or is to be undone `by itself`. Records of legs wait under their body
# until the activity is done.
R_NODE, R_NUMBER, R_LAYER, R_INSIDE, R_LEG, R_BY_ITSELF = range(6)

# A body of a multi-instance activity, or of a standard loop whose total is 0, is a list
# [node, scope, total, started, completed, active, elements, outputs]
B_NODE, B_SCOPE, B_TOTAL, B_STARTED, B_COMPLETED, B_ACTIVE, B_ELEMENTS, B_OUTPUTS = range(8)


class State:
    """Where the tokens of one instance stand, and its variables.

    A step works on a copy, so a state that was handed out never changes; values of variables are never changed in
    place either.
    """

    __slots__ = ("bodies", "done", "gates", "joins", "live", "next_id", "outcome", "scopes", "variables", "waits")

    def __init__(self) -> None:
        self.next_id = 1
        self.outcome: str | None = None
        self.live = 0
        self.variables: dict[str, Any] = {}
        self.waits: dict[int, Wait] = {}
        self.scopes: dict[int, list[Any]] = {}
        self.bodies: dict[int, list[Any]] = {}
        self.joins: dict[tuple[int, int], dict[int, int]] = {}
        self.gates: dict[int, list[Any]] = {}
        self.done: dict[int, list[Any]] = {}

    def copy(self) -> State:
        """A state that can be worked on without changing this one."""
        twin = State.__new__(State)
        twin.next_id = self.next_id
        twin.outcome = self.outcome
        twin.live = self.live
        twin.variables = self.variables.copy()
        twin.waits = self.waits.copy()
        twin.scopes = (
            {k: [*v[:4], None if v[4] is None else v[4].copy(), *v[5:]] for k, v in self.scopes.items()}
            if self.scopes
            else {}
        )
        twin.bodies = {k: [*v[:7], v[7] and v[7].copy()] for k, v in self.bodies.items()} if self.bodies else {}
        twin.joins = {k: v.copy() for k, v in self.joins.items()} if self.joins else {}
        twin.gates = {k: v.copy() for k, v in self.gates.items()} if self.gates else {}
        twin.done = {k: v.copy() for k, v in self.done.items()} if self.done else {}
        return twin

    def leg_of(self, scope: int) -> int:
        """The innermost multi-instance leg around `scope`, 0 outside any."""
        while scope:
            record = self.scopes[scope]
            if record[LEG]:
                return scope
            scope = record[PARENT]
        return 0

    def around(self, scope: int) -> int:
        """The scope in which the activity of `scope` stands."""
        record = self.scopes[scope]
        around: int = self.bodies[record[BODY]][B_SCOPE] if record[BODY] else record[PARENT]
        return around

    def seen_from(self, scope: int) -> dict[str, Any]:
        """The variables a node in `scope` sees: the instance's, overlaid by the layers of the legs around it."""
        layers = []
        while scope:
            record = self.scopes[scope]
            if record[BODY]:
                body = self.bodies[record[BODY]]
                shown = counts(body) if record[LEG] else {"loopCounter": body[B_STARTED]}
                layers.append({**shown, **(record[LAYER] or {})})
            elif record[LAYER]:
                layers.append(record[LAYER])
            scope = record[PARENT]
        if not layers:
            return self.variables
        seen = dict(self.variables)
        for layer in reversed(layers):
            seen.update(layer)
        return seen

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and state_to_bytes(self) == state_to_bytes(other)

    __hash__ = None  # type: ignore[assignment]


def counts(body: list[Any]) -> dict[str, int]:
    """The numbers a multi-instance body shows to its legs and its completion condition."""
    return {
        "nrOfInstances": body[B_TOTAL],
        "nrOfActiveInstances": body[B_ACTIVE],
        "nrOfCompletedInstances": body[B_COMPLETED],
    }


def _plain(state: State) -> tuple[Any, ...]:
    return (
        state.next_id,
        state.outcome,
        state.live,
        state.variables,
        [(k, *v) for k, v in state.waits.items()],
        [(k, *v) for k, v in state.scopes.items()],
        [(k, *v) for k, v in state.bodies.items()],
        [(*k, v) for k, v in state.joins.items()],
        [(k, *v) for k, v in state.gates.items()],
        [(k, v) for k, v in state.done.items()],
    )


_EXT_DATETIME, _EXT_DATE, _EXT_DURATION, _EXT_DECIMAL = 1, 2, 3, 4
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds(instant: datetime) -> int:
    """Microseconds since 1970 of an aware instant."""
    return (instant - _EPOCH) // _MICROSECOND


def instant(microseconds: int) -> datetime:
    """The aware UTC instant that many microseconds after 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def _pack_special(value: Any) -> msgpack.ExtType:
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise Rejected("state.naive_instant", "Expected an instant with its offset, but it has none.")
        return msgpack.ExtType(_EXT_DATETIME, value.isoformat().encode())
    if isinstance(value, date):
        return msgpack.ExtType(_EXT_DATE, value.isoformat().encode())
    if isinstance(value, timedelta):
        return msgpack.ExtType(_EXT_DURATION, str(value // _MICROSECOND).encode())
    if isinstance(value, Decimal):
        return msgpack.ExtType(_EXT_DECIMAL, str(value).encode())
    raise Rejected(
        "state.value",
        "Expected text, a number, true/false, a date, a duration, a list or an object, but got "
        f"{type(value).__name__}.",
    )


def _unpack_special(code: int, content: bytes) -> Any:
    text = content.decode()
    if code == _EXT_DATETIME:
        return datetime.fromisoformat(text)
    if code == _EXT_DATE:
        return date.fromisoformat(text)
    if code == _EXT_DURATION:
        return timedelta(microseconds=int(text))
    if code == _EXT_DECIMAL:
        return Decimal(text)
    raise Rejected(
        "state.version", "Expected a value of a known kind in the stored state, but found another.", kind=code
    )


def values_to_bytes(values: Any) -> bytes:
    """Compact bytes of process values (answers, variables). Raises: Rejected (`state.value`)."""
    try:
        return msgpack.packb(values, default=_pack_special, strict_types=False)  # type: ignore[no-any-return]
    except OverflowError as error:
        raise Rejected("state.value", "Expected a whole number below 2^64, but got a larger one.") from error
    except ValueError as error:
        message = "Expected values of a few levels and texts of whole characters, but they cannot be stored."
        raise Rejected("state.value", message) from error


def values_from_bytes(content: bytes) -> Any:
    """The values `values_to_bytes` wrote. Raises: Rejected (`state.broken`) for other bytes."""
    try:
        return msgpack.unpackb(content, ext_hook=_unpack_special, strict_map_key=False)
    except (ValueError, ArithmeticError, TypeError, msgpack.UnpackException) as error:
        raise _broken() from error


def _broken() -> Rejected:
    return Rejected(
        "state.broken", "Expected a whole stored state, but its bytes are cut or changed. Restore the backup."
    )


def state_to_bytes(state: State) -> bytes:
    """The bytes an instance row holds: two letters, the codec version, then msgpack.

    Raises: Rejected (`state.value`) for a variable of a kind that cannot be stored.
    """
    return _MAGIC + bytes((VERSION,)) + values_to_bytes(_plain(state))


def state_from_bytes(content: bytes) -> State:
    """The state stored in `content`.

    Raises: Rejected (`state.version`) before anything is decoded, unless the version is a known one;
    (`state.broken`) for bytes that `state_to_bytes` did not write.
    """
    if content[:2] != _MAGIC or len(content) < 4 or content[2] not in _READABLE:
        found = content[2] if content[:2] == _MAGIC and len(content) > 2 else None
        raise Rejected(
            "state.version",
            f"Expected a state written by codec version {VERSION}, but found another. Run the release that wrote it "
            "and migrate, or restore the backup.",
            version=found,
        )
    plain = values_from_bytes(content[3:])
    state = State.__new__(State)
    try:
        if content[2] == 1:
            plain = [*plain, [], []]  # version 1 had neither gates nor compensations
        state.next_id, state.outcome, state.live, state.variables, waits, scopes, bodies, joins, gates, done = plain
        state.waits = {w[0]: (w[1], w[2], w[3], w[4], w[5]) for w in waits}
        state.scopes = {s[0]: s[1:] for s in scopes}
        state.bodies = {b[0]: b[1:] for b in bodies}
        state.joins = {(j[0], j[1]): j[2] for j in joins}
        state.gates = {g[0]: g[1:] for g in gates}
        state.done = dict(done)
    except (ValueError, TypeError, LookupError) as error:
        raise _broken() from error
    return state
