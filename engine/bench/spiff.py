"""SpiffWorkflow as a baseline: in memory, and saved as a whole after every completion in SQLite.

The naive durable form is what an application on SpiffWorkflow does first: read the row, rebuild the instance from
JSON, complete the task, write all of it back, commit. Source: performance.md 3.
"""

from __future__ import annotations

import io
import json
import sqlite3
from pathlib import Path
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState

from engine.bench import reference
from engine.clock import stopwatch
from engine.settings import Synchronous


class Spiff:
    """The reference workload on SpiffWorkflow."""

    def __init__(self) -> None:
        parser = BpmnParser()
        parser.add_bpmn_xml(etree.parse(io.BytesIO(reference.spiff())))
        self._spec = parser.get_spec(reference.PROCESS)
        self._serializer = BpmnWorkflowSerializer()

    def start(self) -> Any:
        """A new instance, waiting for its first task."""
        workflow = BpmnWorkflow(self._spec)
        workflow.data.update(reference.START)
        workflow.do_engine_steps()
        return workflow

    def ready(self, workflow: Any, node: str) -> Any:
        """The ready task of `node`."""
        return next(t for t in workflow.get_tasks(state=TaskState.READY) if t.task_spec.name == node)

    def complete(self, workflow: Any, task: Any) -> None:
        """Completes a ready task and runs on to the next wait."""
        task.data.update(reference.ANSWERS)
        task.run()
        workflow.do_engine_steps()
        workflow.refresh_timers()

    def in_memory(self, instances: int) -> list[float]:
        """Seconds of each completion of that many instances; the task is found outside what is timed, as ours is."""
        seconds = []
        for _ in range(instances):
            workflow = self.start()
            for node in reference.HAPPY_PATH:
                task = self.ready(workflow, node)
                began = stopwatch()
                self.complete(workflow, task)
                seconds.append(stopwatch() - began)
            assert workflow.is_completed()
        return seconds

    def to_json(self, workflow: Any) -> str:
        """The whole instance as the library's serializer writes it."""
        return json.dumps(self._serializer.to_dict(workflow))

    def from_json(self, body: str) -> Any:
        """The instance `to_json` wrote."""
        return self._serializer.from_dict(json.loads(body))


class SavedSpiff:
    """Instances on SpiffWorkflow in a WAL database at `file`, one row each."""

    def __init__(self, file: Path, synchronous: Synchronous) -> None:
        self.spiff = Spiff()
        self._rows = sqlite3.connect(file, isolation_level=None)
        self._rows.execute("PRAGMA journal_mode=WAL")
        self._rows.execute(f"PRAGMA synchronous={synchronous}")
        self._rows.execute("CREATE TABLE instance (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")

    def start(self) -> int:
        """The id of a new instance."""
        body = self.spiff.to_json(self.spiff.start())
        return self._rows.execute("INSERT INTO instance (body) VALUES (?)", (body,)).lastrowid or 0

    def complete_node(self, instance: int, node: str) -> float:
        """Seconds of one durable completion: load, complete, save, commit."""
        began = stopwatch()
        rows = self._rows
        rows.execute("BEGIN IMMEDIATE")
        (body,) = rows.execute("SELECT body FROM instance WHERE id = ?", (instance,)).fetchone()
        workflow = self.spiff.from_json(body)
        self.spiff.complete(workflow, self.spiff.ready(workflow, node))
        rows.execute("UPDATE instance SET body = ? WHERE id = ?", (self.spiff.to_json(workflow), instance))
        rows.execute("COMMIT")
        return stopwatch() - began

    def close(self) -> None:
        """Closes the database."""
        self._rows.close()
