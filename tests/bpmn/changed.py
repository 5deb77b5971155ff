"""A net whose nodes say more than a drawing of the tests can: fields of `Node` put in by element id."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.bpmn.net import Expression, Mappings, Net


def mapping(**sources: str) -> Mappings:
    """Mappings, target=source, in their order."""
    return tuple((Expression(source), target) for target, source in sources.items())


def with_nodes(net: Net, **changes: dict[str, Any]) -> Net:
    """`net` with the given fields of the nodes with these ids."""
    nodes = tuple(replace(node, **changes.get(node.id, {})) for node in net.nodes)
    return replace(net, nodes=nodes)
