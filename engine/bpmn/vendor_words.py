"""Every word of another engine that we know, with what becomes of it: one table, read by the normaliser and by people.

A word is an attribute or an element of a vendor's namespace. What is not in the table, or stands on an element where
the table does not expect it, is documentation: kept word for word for people to read, without effect on the net.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from engine.bpmn.tree import VENDORS

Fate = Literal["rewritten", "asked", "documentation"]
Family = Literal["engine", "zeebe", "drools", "spiff"]
"""Camunda 7, Operaton, Flowable and Activiti share one set of words; Camunda 8, jBPM and Spiff each have their own."""

_FAMILIES: Final[Mapping[str, Family]] = {"zeebe": "zeebe", "drools": "drools", "spiff": "spiff"}


@dataclass(frozen=True, slots=True)
class Word:
    """What becomes of a word: `ours` is the attribute or element it turns into, `on` the elements where it does.

    `asked` means that what it says can only be settled by a person: a program of the file that is not here.
    """

    fate: Fate
    ours: str = ""
    on: frozenset[str] = frozenset()

    def holds_on(self, element: str) -> bool:
        """Whether the word has its fate on this element of BPMN."""
        return not self.on or element in self.on


DOCUMENTATION: Final = Word("documentation")

_HUMAN: Final = frozenset({"userTask"})
_ASKING: Final = frozenset({"userTask", "startEvent"})
_WORK: Final = frozenset({"serviceTask", "sendTask", "businessRuleTask", "scriptTask", "messageEventDefinition"})
_JOBS: Final = _WORK | {"task", "endEvent", "intermediateThrowEvent", "userTask", "adHocSubProcess"}
_LOOP: Final = frozenset({"multiInstanceLoopCharacteristics"})
_CALL: Final = frozenset({"callActivity"})
_RULE: Final = frozenset({"businessRuleTask", "serviceTask"})
_RESULT: Final = _WORK | {"task"}
_CAUGHT: Final = frozenset({"errorEventDefinition", "escalationEventDefinition"})

_ENGINE: Final[Mapping[str, Word]] = {
    "assignee": Word("rewritten", "assignee", _HUMAN),
    "candidateUsers": Word("rewritten", "candidates", _HUMAN),
    "candidateGroups": Word("rewritten", "candidates", _HUMAN),
    "dueDate": Word("rewritten", "due", _HUMAN),
    "priority": Word("rewritten", "priority", _HUMAN),
    "formKey": Word("rewritten", "form", _ASKING),
    "formRef": Word("rewritten", "form", _ASKING),
    "formData": Word("rewritten", "form", _ASKING),
    "formProperty": Word("rewritten", "form", _ASKING),
    "collection": Word("rewritten", "collection", _LOOP),
    "elementVariable": Word("rewritten", "element", _LOOP),
    "class": Word("asked", "bean", _WORK),
    "delegateExpression": Word("asked", "bean", _WORK),
    "expression": Word("rewritten", "expression", _WORK),
    "type": Word("rewritten", "topic", _WORK),
    "topic": Word("rewritten", "topic", _WORK),
    "resultVariable": Word("rewritten", "result", _RESULT),
    "resultVariableName": Word("rewritten", "result", _RESULT),
    "decisionRef": Word("rewritten", "decision", _RULE),
    "mapDecisionResult": Word("rewritten", "map_result", _RULE),
    "failedJobRetryTimeCycle": Word("rewritten", "retries", _JOBS),
    "calledElementBinding": Word("rewritten", "binding", _CALL),
    "calledElementVersion": Word("rewritten", "version", _CALL),
    "calledElementVersionTag": Word("rewritten", "version", _CALL),
    "sameDeployment": Word("rewritten", "binding", _CALL),
    "inheritVariables": Word("rewritten", "all_in", _CALL),
    "in": Word("rewritten", "in", _CALL),
    "out": Word("rewritten", "out", _CALL),
    "inputParameter": Word("rewritten", "input"),
    "outputParameter": Word("rewritten", "output"),
    "errorCodeVariable": Word("rewritten", "code_variable", _CAUGHT),
    "errorMessageVariable": Word("rewritten", "text_variable", _CAUGHT),
    "escalationCodeVariable": Word("rewritten", "code_variable", _CAUGHT),
}
_ZEEBE_WORDS: Final[Mapping[str, Word]] = {
    "inputCollection": Word("rewritten", "collection", _LOOP),
    "inputElement": Word("rewritten", "element", _LOOP),
    "outputCollection": Word("rewritten", "output_collection", _LOOP),
    "outputElement": Word("rewritten", "output_element", _LOOP),
    "loopCharacteristics": Word("rewritten", "collection", _LOOP),
    "assignmentDefinition": Word("rewritten", "assignee", _HUMAN),
    "taskSchedule": Word("rewritten", "due", _HUMAN),
    "priorityDefinition": Word("rewritten", "priority", _HUMAN),
    "formDefinition": Word("rewritten", "form", _ASKING),
    "userTaskForm": Word("rewritten", "form", frozenset({"process"})),
    "taskDefinition": Word("rewritten", "topic", _JOBS),
    "calledDecision": Word("rewritten", "decision", frozenset({"businessRuleTask"})),
    "script": Word("rewritten", "expression", frozenset({"scriptTask"})),
    "subscription": Word("rewritten", "key", frozenset({"message"})),
    "calledElement": Word("rewritten", "calledElement", _CALL),
    "input": Word("rewritten", "input"),
    "output": Word("rewritten", "output"),
    "ioMapping": Word("rewritten", "input"),
}
WORDS: Final[Mapping[Family, Mapping[str, Word]]] = {
    "engine": _ENGINE,
    "zeebe": _ZEEBE_WORDS,
    "drools": {},
    "spiff": {},
}

NOT_RUN: Final = frozenset(
    {
        *("executionListener", "taskListener", "eventListener", "executionListeners", "taskListeners", "script"),
        *("skipExpression", "field", "connector", "class", "delegateExpression", "expression", "errorEventDefinition"),
        *("inputOutput", "inputParameter", "outputParameter", "in", "out", "ioMapping", "input", "output"),
        *(
            "formKey",
            "formRef",
            "formData",
            "formProperty",
            "conditionalFilter",
            "customScript",
            "onEntry-script",
            "onExit-script",
        ),
        *("preScript", "postScript", "messagePayload", "payloadExpression", "serviceTaskOperator"),
    }
)
"""Words by which another engine runs or computes something: where they are not taken over, somebody must say so."""


def family_of(namespace: str | None) -> Family | None:
    """The family whose words a namespace holds, None for one that is no engine's."""
    vendor = VENDORS.get(namespace or "")
    return None if vendor is None else _FAMILIES.get(vendor, "engine")


def fate_of(namespace: str | None, name: str, on: str) -> Word:
    """What becomes of the word `name` of `namespace` on (or in the extension elements of) the BPMN element `on`."""
    family = family_of(namespace)
    word = WORDS[family].get(name) if family else None
    return word if word is not None and word.holds_on(on) else DOCUMENTATION
