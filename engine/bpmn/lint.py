"""What a reviewer would say of a drawing: rules of bpmnlint and our own, by whether they block, surprise or are style.

bpmnlint is a style guide, and nine of ten real files break it somewhere: a rule says here what it means for whoever
publishes. The package works on text that the guard has let through; it is used with rules that are named here, so that
nothing in a file chooses what is loaded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, cast

from bpmn_io import BpmnModdle
from bpmn_io.lint import Linter
from bpmn_io.lint.rules import RULES
from lxml.etree import SubElement, _Element, tostring

from engine.bpmn.net import HUMAN, Kind, Net
from engine.bpmn.remarks import MOST, ORDER, OWN, WEIGHTS, Lint
from engine.bpmn.tree import FLOW_NODES, MODEL, attribute, children, id_of, local


class _Named:
    """Finds the rules of the package by their names, and nothing else."""

    def resolve_rule(self, pkg: str, rule_name: str) -> Any:
        """The rule, None for one that is not asked."""
        return RULES.get(rule_name) if rule_name in WEIGHTS else None

    def resolve_config(self, pkg: str, config_name: str) -> None:
        """Nothing: a file brings no configuration."""


def lint(root: _Element, nets: Mapping[str, Net]) -> tuple[Lint, ...]:
    """The remarks on a guarded tree and the nets that were read from it, the gravest first, at most `MOST`."""
    drawn = {element.get("id") for element in root.iter("{*}*")}
    ours = (remark for net in nets.values() for remark in _ours(net) if remark.element in drawn)
    found = [*_theirs(root), *ours]
    return tuple(sorted(dict.fromkeys(found), key=lambda remark: ORDER[remark.weight])[:MOST])


def _theirs(root: _Element) -> Iterator[Lint]:
    read = BpmnModdle().from_xml(tostring(_connected(root), encoding="unicode"))
    linter = Linter(config={"rules": dict.fromkeys(WEIGHTS, "error")}, resolver=_Named())
    for rule, reports in linter.lint(cast(Any, read.root_element)).items():
        for report in reports:
            if report.get("category") != "rule-error":  # a rule that fails on a part of a file says nothing of it
                yield Lint(rule, WEIGHTS[rule], report.get("id") or None, str(report.get("message", ""))[:300])


def _connected(root: _Element) -> _Element:
    """A copy in which each node lists its flows: the rules look there, and the standard lets a file leave it out."""
    whole = deepcopy(root)
    nodes = {id_of(each): each for each in whole.iter("{*}*") if local(each) in FLOW_NODES}
    for node in nodes.values():
        for listed in list(children(node, "incoming", "outgoing")):
            node.remove(listed)
    for flow in whole.iter(f"{{{MODEL}}}sequenceFlow"):
        for end, name in (("sourceRef", "outgoing"), ("targetRef", "incoming")):
            if (at := nodes.get(attribute(flow, end) or "")) is not None:
                SubElement(at, f"{{{MODEL}}}{name}").text = id_of(flow)
    return whole


def _ours(net: Net) -> Iterator[Lint]:
    names = Counter(node.name for node in net.nodes if node.name)
    for node in net.nodes:
        if node.kind is Kind.EXCLUSIVE and len(node.outgoing) > 1 and node.default is None:
            message = "No way is the default: where no condition holds, somebody has to repair the instance."
            yield Lint("no-default", OWN["no-default"], node.id, message)
        if node.kind in HUMAN and not (node.lane or node.assignee or node.candidates):
            yield Lint("nobody-named", OWN["nobody-named"], node.id, "Neither a lane nor anybody is named for this.")
        if node.kind in HUMAN and names[node.name] > 1:
            yield Lint("same-name", OWN["same-name"], node.id, f"Several steps are called {node.name!r:.80}.")
