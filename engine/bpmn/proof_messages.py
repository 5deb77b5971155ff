"""CL-06: whoever throws a message is heard: something reachable waits for it, with a key where the sender has one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from engine.bpmn.net import Event, Kind, Net, Node
from engine.bpmn.proof_city import Installation
from engine.bpmn.proof_found import Found, label
from engine.bpmn.proof_graph import Graph

_THROWING = frozenset({Kind.THROW, Kind.SEND, Kind.END})


def heard_in(nets: Iterable[Net]) -> Mapping[str, Collection[str | None]]:
    """The messages that reachable nodes of these nets wait for: by name, the correlation keys (None: without one)."""
    heard: dict[str, set[str | None]] = {}
    for net in nets:
        graph = Graph(net)
        begins = [*graph.begins(0), *(node.index for node in net.nodes if node.instantiate)]
        starts = [start for each in net.scopes[0].event_subprocesses for start in _starts(net, each)]
        for index in graph.reachable([*begins, *starts]):
            node = net.nodes[index]
            if node.kind not in _THROWING:
                for event in _messages(node):
                    heard.setdefault(event.name or "", set()).add(event.key.source if event.key is not None else None)
    return heard


def hearing(city: Installation, nets: Iterable[Net]) -> Installation:
    """The city in which these nets wait for their messages beside what it hears anyway."""
    heard = {name: set(keys) for name, keys in city.hears.items()}
    for name, keys in heard_in(nets).items():
        heard.setdefault(name, set()).update(keys)
    return replace(city, hears=heard)


def unheard(net: Net, called: Iterable[Net], city: Installation) -> Iterator[Found]:
    """A finding for each message that nothing waits for, or that is waited for in another way than it is sent."""
    heard = hearing(city, (net, *called)).hears
    for node in net.nodes:
        if node.kind not in _THROWING:
            continue
        for event in _messages(node):
            name = event.name or ""
            params = {"name": label(node), "message": name}
            if name in city.channels:
                continue
            if name not in heard:
                message = f"Expected something that waits for “{name}”, but nothing hears what “{label(node)}” sends."
                yield Found("CL-06", "cl_06_unheard", node, message, params)
            elif not any((key is None) == (event.key is None) for key in heard[name]):
                message = f"Expected the same kind of key for “{name}”, but one side has a key and the other has none."
                yield Found("CL-06", "cl_06_key", node, message, params)


def _messages(node: Node) -> Iterator[Event]:
    if node.event is not None:
        yield from (event for event in (node.event, *node.event.parts) if event.kind == "message")


def _starts(net: Net, event_subprocess: int) -> tuple[int, ...]:
    return net.scopes[int(net.nodes[event_subprocess].scope_inside or 0)].starts
