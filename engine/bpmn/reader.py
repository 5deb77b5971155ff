"""The fourth step of an upload: normalised tree -> one immutable `Net` for each process, and findings.

The tree is walked scope by scope; sequence flows are followed by nobody here, so a chain or ring of any length reads
like a short one. Whatever is outside the supported set is a finding on its element with its name and a remedy; a
process with an error has no net. Nothing in a file makes this raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml.etree import _Element

from engine.bpmn.findings import Finding, Findings
from engine.bpmn.net import Net
from engine.bpmn.reader_activities import DataNames
from engine.bpmn.reader_checks import check_calls, check_net
from engine.bpmn.reader_collaboration import pool_of, read_collaborations
from engine.bpmn.reader_compensation import read_compensation
from engine.bpmn.reader_definitions import Definitions
from engine.bpmn.reader_draft import Draft
from engine.bpmn.reader_event_gateways import settle_event_gateways
from engine.bpmn.reader_extensions import note_foreign_words, read_extensions
from engine.bpmn.reader_flows import read_boundaries, read_flows
from engine.bpmn.reader_gateways import settle_splits
from engine.bpmn.reader_lanes import read_lanes
from engine.bpmn.reader_nodes import read_scopes
from engine.bpmn.reader_rewrites import rewrite, split_conditional_flows
from engine.bpmn.tree import FLOW_NODES, attribute, children, documentation_of, id_of, local


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: the net of each process without errors, and every finding in the order of lines.

    `processes` lists all processes with flow nodes, read or not; `rewritten` those whose net holds what the file does
    not draw: proposed answers, implied starts, links as flows; `drawn` holds every process as far as it was read.
    """

    nets: Mapping[str, Net] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    processes: tuple[str, ...] = ()
    rewritten: frozenset[str] = frozenset()
    drawn: Mapping[str, Net] = field(default_factory=dict)

    @property
    def questions(self) -> tuple[Finding, ...]:
        """The findings a person can settle without drawing anew."""
        return tuple(finding for finding in self.findings if finding.question)


def read(root: _Element, digest: str) -> Reading:
    """The nets and findings of a normalised tree; `digest` is kept in each net."""
    findings = Findings()
    definitions = Definitions(root)
    data = DataNames.of(root)
    nets: dict[str, Net] = {}
    drawn: dict[str, Net] = {}
    drafts: list[tuple[Net, Draft]] = []
    processes: list[str] = []
    rewritten: set[str] = set()
    for process in children(root, "process"):
        if not any(local(each) in FLOW_NODES or local(each) == "sequenceFlow" for each in process):
            findings.add("process.empty", "warning", process, "Expected flow nodes in the process, but it has none.")
            continue
        processes.append(id_of(process))
        before, proposed = findings.errors(), findings.proposals + findings.rewrites
        draft = Draft(process)
        net = drawn[id_of(process)] = _read_process(draft, digest, definitions, data, findings)
        drafts.append((net, draft))
        if findings.errors() == before:
            nets[net.id] = net
            if draft.is_rewritten or findings.proposals + findings.rewrites > proposed:
                rewritten.add(net.id)
    if not processes:
        message = "Expected a process with flow nodes, but the file has none."
        findings.error("process.missing", root, message)
    check_calls(drafts, findings)
    note_foreign_words(root, findings)
    read_collaborations(root, drawn, findings)
    ordered = sorted(findings.made, key=lambda finding: finding.line or 0)
    return Reading(nets, tuple(ordered), tuple(processes), frozenset(rewritten), drawn)


def _read_process(draft: Draft, digest: str, definitions: Definitions, data: DataNames, findings: Findings) -> Net:
    """The net of the process of `draft`, which is filled; of use only if it made no error."""
    process = draft.process
    read_scopes(draft, definitions, data, findings)
    read_flows(draft, findings)
    read_boundaries(draft, findings)
    read_compensation(draft, findings)
    split_conditional_flows(draft, findings)
    settle_splits(draft, findings)
    settle_event_gateways(draft, findings)
    rewrite(draft, findings)
    lanes = read_lanes(process, draft.elements, findings, pool_of(process))
    net = Net(
        id=id_of(process),
        name=attribute(process, "name") or "",
        digest=digest,
        nodes=draft.finished_nodes(lanes),
        flows=tuple(draft.flows),
        scopes=draft.finished_scopes(),
        documentation=documentation_of(process),
        extensions={**read_extensions(draft, findings), **draft.notes},
    )
    check_net(net, draft, findings)
    return net
