"""DMN files of versions 1.1 to 1.5 to `Decisions`, with a finding on every element that is not understood.

Every text is compiled here against the names its decision requires, and what is constant is checked against the type
of its column. A decision that requires no input data may read any variable of the process, as the engines in use allow.
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Final

from lxml.etree import QName, _Element

from engine.bpmn.decisions_model import Decision, Decisions
from engine.bpmn.decisions_table import TableReader
from engine.bpmn.expressions.feel.language import CompiledFeel
from engine.bpmn.findings import Finding, Findings
from engine.bpmn.guard import MAX_BYTES, MAX_DEPTH, MAX_ELEMENTS
from engine.safe_xml import UnsafeXml, parse

NAMESPACES: Final = {
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20151101/dmn11.xsd": "1.1",
    "http://www.omg.org/spec/DMN/20180521/MODEL/": "1.2",
    "https://www.omg.org/spec/DMN/20191111/MODEL/": "1.3",
    "https://www.omg.org/spec/DMN/20211108/MODEL/": "1.4",
    "https://www.omg.org/spec/DMN/20230324/MODEL/": "1.5",
}


def read_decisions(content: bytes) -> tuple[Decisions | None, list[Finding]]:
    """The decisions of a file, None where an error is among the findings. Raises: UnsafeXml."""
    root = parse(content, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH, max_elements=MAX_ELEMENTS).root
    name = QName(root)
    if name.localname != "definitions" or name.namespace not in NAMESPACES:
        message = f"Expected the definitions of DMN 1.1 to 1.5 as root, but it is {root.tag!r:.200}."
        raise UnsafeXml("dmn.root", message, line=root.sourceline)
    findings = Findings()
    graph = _Reader(root, str(name.namespace), findings).read()
    return (None if findings.errors() else graph), findings.made


class _Reader:
    """One reading of one file."""

    def __init__(self, root: _Element, namespace: str, findings: Findings) -> None:
        self._namespace = namespace
        self._findings = findings
        self._data = self._named(root, "inputData")
        self._decisions = self._named(root, "decision")
        self._models = self._named(root, "businessKnowledgeModel")
        self._root = root

    def read(self) -> Decisions:
        if not self._decisions:
            self._findings.error("dmn.empty", self._root, "Expected at least one decision, but there is none.")
        models = {id: self._model(element) for id, element in self._models.items()}
        decisions = {id: self._decision(element) for id, element in self._decisions.items()}
        found = {id: one for id, one in {**models, **decisions}.items() if one is not None}
        self._refuse_cycles(found)
        inputs = tuple(_name_of(element) for element in self._data.values())
        return Decisions(
            {id: found[id] for id in decisions if id in found}, {id: found[id] for id in models if id in found}, inputs
        )

    def _named(self, root: _Element, kind: str) -> dict[str, _Element]:
        """The elements of one kind by id."""
        found: dict[str, _Element] = {}
        for element in self._children(root, kind):
            id = element.get("id", "")
            if not id or id in found:
                self._findings.error(
                    "dmn.id", element, f"Expected an id of its own for every {kind}, but found {id!r}."
                )
            found[id] = element
        return found

    def _children(self, element: _Element, *kinds: str) -> Iterator[_Element]:
        return (child for kind in kinds for child in element.iterchildren(f"{{{self._namespace}}}{kind}"))

    def _required(self, element: _Element) -> tuple[list[str], list[str]]:
        """The ids of required decisions and models, and the names that may be read."""
        ids: list[str] = []
        names: list[str] = []
        for requirement in self._children(element, "informationRequirement", "knowledgeRequirement"):
            for target in self._children(requirement, "requiredDecision", "requiredInput", "requiredKnowledge"):
                id = target.get("href", "").rpartition("#")[2]
                known = self._decisions.get(id, self._models.get(id, self._data.get(id)))
                if known is None:
                    message = f"Expected a decision or input data of this file, but nothing has the id {id!r:.100}."
                    self._findings.error("dmn.reference", requirement, message)
                    continue
                names.append(_name_of(known))
                if id not in self._data:
                    ids.append(id)
        return ids, names

    def _decision(self, element: _Element) -> Decision | None:
        ids, names = self._required(element)
        requirements = self._children(element, "informationRequirement")
        reads_data = any(True for one in requirements for _ in self._children(one, "requiredInput"))
        reader = TableReader(self._namespace, self._findings, frozenset(names), is_open=not reads_data)
        return self._made(element, element, ids, reader, None)

    def _model(self, element: _Element) -> Decision | None:
        """A business knowledge model: a function whose body is its logic."""
        ids, names = self._required(element)
        for function in self._children(element, "encapsulatedLogic"):
            parameters = [part.get("name", "") for part in self._children(function, "formalParameter")]
            reader = TableReader(self._namespace, self._findings, frozenset(names), is_open=False)
            return self._made(element, function, ids, reader, parameters)
        self._findings.unsupported(element, "a knowledge model without logic", "give it a literal expression")
        return None

    def _made(
        self,
        element: _Element,
        holder: _Element,
        ids: list[str],
        reader: TableReader,
        parameters: list[str] | None,
    ) -> Decision | None:
        for table in self._children(holder, "decisionTable"):
            if parameters is not None:
                self._findings.unsupported(element, "a table as a function", "make it a decision")
                return None
            logic = reader.read(table)
            return None if logic is None else Decision(element.get("id", ""), _name_of(element), logic, tuple(ids))
        for literal in self._children(holder, "literalExpression"):
            compiled: CompiledFeel | None = reader.expression(literal, parameters)
            return (
                None if compiled is None else Decision(element.get("id", ""), _name_of(element), compiled, tuple(ids))
            )
        self._findings.unsupported(element, "logic of another kind", "use a decision table or a literal expression")
        return None

    def _refuse_cycles(self, found: dict[str, Decision]) -> None:
        try:
            tuple(TopologicalSorter({id: one.requires for id, one in found.items()}).static_order())
        except CycleError as refusal:
            round_trip = [*dict.fromkeys(refusal.args[1])]
            element = self._decisions.get(round_trip[0], self._models.get(round_trip[0], self._root))
            message = f"Expected decisions that do not require themselves, but {', '.join(round_trip):.300} do."
            self._findings.error("dmn.cycle", element, message)


def _name_of(element: _Element) -> str:
    """The name the value has: that of its variable, else its own, else its id."""
    for child in element:
        if QName(child).localname == "variable" and child.get("name"):
            return str(child.get("name")).strip()
    return (element.get("name") or element.get("id") or "").strip()
