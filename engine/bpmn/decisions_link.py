"""Decisions linked into nets: what a business rule node decides by travels with the version, like its forms.

A node whose decision did not come with the file is a person's, as proposed, until somebody brings the decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from engine.bpmn.decisions_model import Decisions
from engine.bpmn.net import Kind, Net, Node

MISSING = "task.decision_missing"
"""The rule of the question about a decision that did not come with the file."""


def link_decisions(net: Net, models: Iterable[Decisions]) -> Net:
    """`net` with those of `models` that its business rule nodes name; a node that finds none becomes a person's."""
    known = {id: graph for graph in models for id in graph.decisions}
    if not any(node.kind is Kind.RULE for node in net.nodes):
        return net
    wanted = {node.decision: known[node.decision] for node in net.nodes if node.decision in known}
    linked = [known[id] for id in sorted(wanted)]
    nodes = tuple(_by_a_person(node) if _is_missing(node, wanted) else node for node in net.nodes)
    return replace(net, nodes=nodes, decisions=tuple({id(graph): graph for graph in linked}.values()))


def missing_decisions(net: Net, models: Iterable[Decisions]) -> list[Node]:
    """The business rule nodes whose decision is not in `models`."""
    known: Mapping[str, object] = {id: graph for graph in models for id in graph.decisions}
    return [node for node in net.nodes if _is_missing(node, known)]


def _is_missing(node: Node, known: Mapping[str, object]) -> bool:
    return node.kind is Kind.RULE and node.decision not in known


def _by_a_person(node: Node) -> Node:
    return replace(node, kind=Kind.MANUAL, decision=None, result=None, map_result=None)
