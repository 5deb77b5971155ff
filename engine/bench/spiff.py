"""SpiffWorkflow as a baseline: in memory, and saved as a whole after every completion in SQLite.

The naive durable form is what an application on SpiffWorkflow does first: read the row, rebuild the instance from
JSON, complete the task, write all of it back, commit. Source: performance.md 3.
"""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState

from engine.bench import reference
from engine.clock import stopwatch


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

    def complete(self, workflow: Any, node: str) -> None:
        """Completes the ready task of `node` and runs on to the next wait."""
        task = next(t for t in workflow.get_tasks(state=TaskState.READY) if t.task_spec.name == node)
        task.data.update(reference.ANSWERS)
        task.run()
        workflow.do_engine_steps()
        workflow.refresh_timers()

    def in_memory(self, instances: int) -> list[float]:
        """Seconds of each completion of that many instances, played one after the other."""
        seconds = []
        for _ in range(instances):
            workflow = self.start()
            for node in reference.HAPPY_PATH:
                began = stopwatch()
                self.complete(workflow, node)
                seconds.append(stopwatch() - began)
            assert workflow.is_completed()
        return seconds

    def saved(self, file: Path, instances: int, synchronous: str) -> list[float]:
        """Seconds of each durable completion: load, complete, save, commit."""
        rows = sqlite3.connect(file, isolation_level=None)
        rows.execute("PRAGMA journal_mode=WAL")
        rows.execute(f"PRAGMA synchronous={synchronous}")
        rows.execute("CREATE TABLE instance (id INTEGER PRIMARY KEY, body TEXT NOT NULL)")
        started = [self._serializer.to_dict(self.start()) for _ in range(instances)]
        rows.executemany(
            "INSERT INTO instance VALUES (?, ?)", [(n, json.dumps(body)) for n, body in enumerate(started)]
        )
        seconds = []
        for node in reference.HAPPY_PATH:
            for number in range(instances):
                seconds.append(_timed(lambda: self._saved_completion(rows, number, node)))  # noqa: B023 - runs at once
        rows.close()
        return seconds

    def _saved_completion(self, rows: sqlite3.Connection, number: int, node: str) -> None:
        rows.execute("BEGIN IMMEDIATE")
        (body,) = rows.execute("SELECT body FROM instance WHERE id = ?", (number,)).fetchone()
        workflow = self._serializer.from_dict(json.loads(body))
        self.complete(workflow, node)
        saved = json.dumps(self._serializer.to_dict(workflow))
        rows.execute("UPDATE instance SET body = ? WHERE id = ?", (saved, number))
        rows.execute("COMMIT")


def _timed(work: Callable[[], None]) -> float:
    began = stopwatch()
    work()
    return stopwatch() - began
