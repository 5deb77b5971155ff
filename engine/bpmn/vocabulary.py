"""The words of our namespace in a BPMN file: which attribute may stand on which element, and what kind of value it has.

One list for the reader that executes them, for the modeller's panel that writes them, and for the pages that name them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from engine.bpmn.tree import CL

Value = Literal["expression", "name", "text", "pick"]
"""An expression, a variable's name, free text, or one of what the installation has: roles, stages, forms, decisions."""

_HUMAN = ("Task", "ManualTask", "UserTask")
_WORKING = ("ServiceTask", "SendTask", "ScriptTask", "BusinessRuleTask")
_CAUGHT = ("ErrorEventDefinition", "EscalationEventDefinition")
_CALLS = ("CallActivity",)
_LOOP = ("MultiInstanceLoopCharacteristics",)


@dataclass(frozen=True, slots=True)
class Mark:
    """An attribute `cl:<name>`: the BPMN types that may carry it, and what it holds."""

    name: str
    on: tuple[str, ...]
    value: Value


MARKS: tuple[Mark, ...] = (
    Mark("loop", ("FlowNode",), "pick"),
    Mark("action", ("FlowNode",), "pick"),
    Mark("stage", ("FlowNode",), "pick"),
    Mark("form", ("UserTask", "ManualTask", "Task", "StartEvent"), "pick"),
    Mark("role", ("Lane", "Participant"), "pick"),
    Mark("department", ("Lane", "Participant"), "pick"),
    Mark("rounds", _HUMAN, "text"),
    Mark("exit", _HUMAN, "pick"),
    Mark("assignee", _HUMAN, "expression"),
    Mark("candidates", _HUMAN, "text"),
    Mark("due", _HUMAN, "expression"),
    Mark("priority", _HUMAN, "expression"),
    Mark("operation", _WORKING, "pick"),
    Mark("topic", _WORKING, "text"),
    Mark("retries", _WORKING, "text"),
    Mark("bean", _WORKING, "text"),
    Mark("expression", _WORKING, "expression"),
    Mark("decision", ("BusinessRuleTask",), "pick"),
    Mark("map_result", ("BusinessRuleTask",), "text"),
    Mark("result", _WORKING, "name"),
    Mark("key", ("Message",), "expression"),
    Mark("code_variable", _CAUGHT, "name"),
    Mark("text_variable", _CAUGHT, "name"),
    Mark("binding", _CALLS, "pick"),
    Mark("version", _CALLS, "text"),
    Mark("all_in", _CALLS, "pick"),
    Mark("all_out", _CALLS, "pick"),
    Mark("collection", _LOOP, "expression"),
    Mark("element", _LOOP, "name"),
    Mark("output_collection", _LOOP, "name"),
    Mark("output_element", _LOOP, "name"),
)
"""Every attribute, in the order a designer meets them."""

MAPPINGS: Mapping[str, tuple[str, ...]] = {"in": _CALLS, "out": _CALLS, "input": ("Task",), "output": ("Task",)}
"""Extension elements `cl:<name>` with a source and a target each, and the BPMN types whose elements may hold them."""


def names() -> frozenset[str]:
    """The local names of all attributes."""
    return frozenset(mark.name for mark in MARKS)


def moddle_descriptor() -> dict[str, Any]:
    """The list as bpmn-js reads it, so that what the panel writes is kept and what it reads is typed.

    Every kind of task gets the words of all tasks: bpmn-js refuses a type that would gain a word twice, its own and
    that of the type it extends.
    """
    by_base: dict[str, list[str]] = {}
    for mark in MARKS:
        for base in dict.fromkeys("Task" if each.endswith("Task") else each for each in mark.on):
            by_base.setdefault(base, []).append(mark.name)
    mappings = [
        {
            "name": way.title(),
            "superClass": ["Element"],
            "meta": {"allowedIn": [f"bpmn:{each}" for each in on]},
            "properties": _texts(("source", "target")),
        }
        for way, on in MAPPINGS.items()
    ]
    marks = [
        {"name": f"{base}Marks", "extends": [f"bpmn:{base}"], "properties": _texts(words)}
        for base, words in by_base.items()
    ]
    return {"name": "cityloop", "uri": CL, "prefix": "cl", "xml": {"tagAlias": "lowerCase"}, "types": marks + mappings}


def _texts(attributes: Iterable[str]) -> list[dict[str, Any]]:
    return [{"name": each, "isAttr": True, "type": "String"} for each in attributes]
