"""A `Net` as bytes and back: running processes load nets from these bytes and never parse XML.

Each record is an array of its fields in the order of their declaration in `net.py`, so a change there raises VERSION.
New fields are declared last and have defaults: records of an older version are shorter, and read as if they said so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, fields
from typing import Any

import msgpack

from engine.bpmn.decisions_codec import decisions_from_plain, decisions_to_plain
from engine.bpmn.expressions import ExpressionError
from engine.bpmn.net import AdHoc, Call, Event, Expression, Flow, Kind, MultiInstance, Net, Node, Scope, StandardLoop
from engine.errors import Rejected

VERSION = 2
_READABLE = (1, 2)

_Row = list[Any]
_NODE_FIELDS = tuple(each.name for each in fields(Node))


def net_to_bytes(net: Net) -> bytes:
    """`net` as bytes; equal nets give equal bytes."""
    body = [
        net.id,
        net.name,
        net.digest,
        [astuple(node) for node in net.nodes],
        [astuple(flow) for flow in net.flows],
        [astuple(scope) for scope in net.scopes],
        net.documentation,
        net.extensions,
        [decisions_to_plain(graph) for graph in net.decisions],
    ]
    packed: bytes = msgpack.packb([VERSION, body])
    return packed


def net_from_bytes(content: bytes) -> Net:
    """The net that `net_to_bytes` wrote. Raises: Rejected with code net.version or net.broken."""
    try:
        version, body = msgpack.unpackb(content)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise Rejected("net.broken", "Expected the bytes of a net, but they cannot be read.") from error
    if version not in _READABLE:
        raise Rejected("net.version", f"Expected a net of version {VERSION}, but it is {version!r}.", version=version)
    try:
        id, name, digest, nodes, flows, scopes, documentation, extensions, *newer = body
        return Net(
            id,
            name,
            digest,
            tuple(_node(row) for row in nodes),
            tuple(_flow(row) for row in flows),
            tuple(_scope(row) for row in scopes),
            documentation,
            extensions,
            tuple(decisions_from_plain(plain) for plain in (newer[0] if newer else ())),
        )
    except (ValueError, TypeError, KeyError, IndexError, ExpressionError) as error:
        raise Rejected("net.broken", "Expected the bytes of a net, but its records have another shape.") from error


def _node(row: _Row) -> Node:
    if len(row) > len(_NODE_FIELDS):
        raise ValueError(len(row))
    given = dict(zip(_NODE_FIELDS, row, strict=False))
    for name, decode in _NODE_DECODERS.items():
        if name in given:
            given[name] = decode(given[name])
    return Node(**given)


def _flow(row: _Row) -> Flow:
    index, id, source, target, name, condition, line = row
    return Flow(index, id, source, target, name, _expression(condition), line)


def _scope(row: _Row) -> Scope:
    index, node, parent, nodes, starts, event_subprocesses = row
    return Scope(index, node, parent, tuple(nodes), tuple(starts), tuple(event_subprocesses))


def _expression(row: _Row | None) -> Expression | None:
    return None if row is None else Expression(*row)


def _event(row: _Row | None) -> Event | None:
    if row is None:
        return None
    kind, name, timer_kind, timer, timer_literal, *newer = row
    condition, key, parts, *rest = newer or (None, None, ())
    found = tuple(each for part in parts if (each := _event(part)) is not None)
    timed = (timer_kind, _expression(timer), timer_literal)
    return Event(kind, name, *timed, _expression(condition), _expression(key), found, *rest)


def _multi(row: _Row | None) -> MultiInstance | None:
    if row is None:
        return None
    sequential, cardinality, collection, element, completion, *outputs = row
    return MultiInstance(
        sequential, _expression(cardinality), _expression(collection), element, _expression(completion), *outputs
    )


def _loop(row: _Row | None) -> StandardLoop | None:
    if row is None:
        return None
    condition, *rest = row
    return StandardLoop(_expression(condition), *rest)


def _adhoc(row: _Row | None) -> AdHoc | None:
    if row is None:
        return None
    sequential, completion, cancel_rest = row
    return AdHoc(sequential, _expression(completion), cancel_rest)


def _call(row: _Row | None) -> Call | None:
    if row is None:
        return None
    process, inputs, outputs, *newer = row
    return Call(process, _mappings(inputs), _mappings(outputs), *newer)


def _mappings(rows: list[_Row]) -> tuple[tuple[Expression, str], ...]:
    return tuple((Expression(*source), target) for source, target in rows)


def _expressions(rows: list[_Row]) -> tuple[Expression, ...]:
    return tuple(Expression(*row) for row in rows)


_NODE_DECODERS: dict[str, Callable[[Any], Any]] = {
    "kind": Kind,
    "incoming": tuple,
    "outgoing": tuple,
    "boundaries": tuple,
    "event": _event,
    "multi": _multi,
    "call": _call,
    "assignee": _expression,
    "repeat": _loop,
    "adhoc": _adhoc,
    "activation": _expression,
    "inputs": _mappings,
    "outputs": _mappings,
    "candidates": _expressions,
    "due": _expression,
    "priority": _expression,
}
