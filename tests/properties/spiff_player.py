"""SpiffWorkflow's runtime as a player that can be held against the reference game.

It evaluates nothing but the tiny condition language. Its data belongs to tokens, so variables are not compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine
from SpiffWorkflow.bpmn.script_engine.python_environment import BasePythonScriptEngineEnvironment
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from tests.properties.conditions import holds
from tests.properties.walks import Key, Move


class TinyLanguage(BasePythonScriptEngineEnvironment):
    """Evaluates a number or a condition of the tiny language, and refuses everything else."""

    def evaluate(self, expression: str, context: Mapping[str, Any], external_context: Any = None) -> Any:
        """The value of a number, or whether the condition holds."""
        return int(expression) if expression.isdigit() else holds(expression, context.__getitem__)

    def execute(self, script: str, context: Mapping[str, Any], external_context: Any = None) -> bool:
        """Refuses. Raises: NotImplementedError."""
        raise NotImplementedError(script)


class SpiffPlayer:
    """One instance in SpiffWorkflow."""

    def __init__(self, xml: str) -> None:
        parser = BpmnParser()
        parser.add_bpmn_str(xml.encode())
        spec, inside = parser.get_spec("random"), parser.get_subprocess_specs("random")
        self._workflow = BpmnWorkflow(spec, inside, script_engine=PythonScriptEngine(environment=TinyLanguage()))
        self._workflow.do_engine_steps()

    def move(self, move: Move) -> None:
        """Makes the move."""
        task = self._waits()[move.key]
        if move.what == "done":
            task.data.update(move.values)
            task.run()
        else:
            message = MessageEventDefinition(task.task_spec.event_definition.name)
            self._workflow.send_event(BpmnEvent(message, {}))
        self._workflow.do_engine_steps()

    def facts(self) -> Mapping[str, Any]:
        """What is open, and whether it is over; terminated is not told from completed."""
        return {"over": self._workflow.completed, "open": sorted(self._waits())}

    def _waits(self) -> dict[Key, Task]:
        """Every open task, found in the maps of tasks because the library's own iterator stops at depth 1,000."""
        if self._workflow.completed:
            return {}
        found = {}
        for workflow in (self._workflow, *self._workflow.get_active_subprocesses()):
            for task in workflow.tasks.values():
                if task.has_state(TaskState.READY) and task.task_spec.manual:
                    found["item", task.task_spec.bpmn_id, self._legs(task)] = task
        for task in self._workflow.event_manager.tasks.values():
            awaited = task.task_spec.event_definition
            if task.has_state(TaskState.WAITING) and isinstance(awaited, MessageEventDefinition):
                found["subscription", task.task_spec.bpmn_id, self._legs(task)] = task
        return found

    def _legs(self, task: Task | None) -> tuple[int, ...]:
        legs: list[int] = []
        while task is not None:
            number = task.internal_data.get("key_or_index", task.internal_data.get("item"))
            if number is not None:
                legs.insert(0, number + 1)
            owner = getattr(task.workflow, "parent_task_id", None)
            task = self._workflow.get_task_from_id(owner) if owner is not None else None
        return tuple(legs)
