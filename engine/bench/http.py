"""Bench `http`: completing a work item over HTTP against an empty route (G4), alone and with 200 open boards.

Both sides are served by granian (WSGI, one worker, the settings of `cityloop serve`) and asked by the same load from
this process, in turns. A completion is what a browser sends: session cookie, form value, form, the key of a request.
Three figures stand beside the rate, because the load shares the machine with the servers: the CPU of the server for
each completion, the latency at a fixed rate of requests, and how soon open boards show a step.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Self

from engine.bench.http_city import SUPERVISORS, City
from engine.bench.http_load import Clients, Load, Unanswered, request
from engine.bench.http_servers import Server, serve_city, serve_empty
from engine.bench.result import Result, percentile
from engine.bench.turns import TURNS
from engine.clock import pause, stopwatch
from engine.settings import Synchronous

CONNECTIONS = 16
INSTANCES = 64
"""Instances in a turn, the same number for each connection: it plays its own, one node after the other."""
EMPTY_REQUESTS = 2_000
OFFERED_PER_S, OFFERED_INSTANCES = 300.0, 430
"""Ten seconds of requests at a fixed rate."""
MARKS = 5
QUIET_S = 2.0
"""Until open boards have asked for everything that the turn before has moved."""
GOAL, P99_GOAL_MS, KEPT_GOAL, FRESH_GOAL_S = 0.30, 20.0, 0.80, 2.0


def run() -> Result:
    """Completions at FULL against the empty route, with everything else as details."""
    with TemporaryDirectory(prefix="cityloop-bench-") as folder:
        place = Path(folder)
        with serve_empty(place / "empty.log") as empty:
            main, *details = (found for mode in ("FULL", "NORMAL") for found in _measured(place, mode, empty))
    return replace(main, details=tuple(details))


@dataclass(slots=True)
class Turns:
    """What was measured in turns: ours and the empty route, with CPU seconds of each server where they are told."""

    ours: list[Load] = field(default_factory=list)
    empty: list[Load] = field(default_factory=list)
    our_cpu: list[float] = field(default_factory=list)
    empty_cpu: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Our rate by that of the empty route: the median of neighbouring turns."""
        return median(ours.per_s / empty.per_s for ours, empty in zip(self.ours, self.empty, strict=True))

    def rate(self, name: str, ratio: float, goal: float) -> Result:
        """The rate with a ratio that is judged."""
        found = latencies(name, [second for load in self.ours for second in load.seconds])
        per_s, baseline = median(load.per_s for load in self.ours), median(load.per_s for load in self.empty)
        return replace(found, per_s=per_s, ratio=ratio, goal=goal, baseline=baseline)

    def cpu(self, name: str) -> list[Result]:
        """CPU for each completion, and by how much less the empty route needs; nothing where it is not told."""
        if not self.our_cpu:
            return []
        ours, empty = (
            [cpu / len(load.seconds) for cpu, load in zip(cpus, loads, strict=True)]
            for cpus, loads in ((self.our_cpu, self.ours), (self.empty_cpu, self.empty))
        )
        return [replace(latencies(name, ours), ratio=median(empty) / median(ours))]


def _measured(place: Path, mode: Synchronous, empty: Server) -> list[Result]:
    """Everything at one `synchronous`: the rate first."""
    city = City(place / mode, mode)
    cookies = place / f"{mode}.cookies"
    cookies.write_text("\n".join(city.supervisors), encoding="utf-8")
    with serve_city(city.environment, place / f"{mode}.log") as server:
        plain = _in_turns(city, server, empty)
        found = [
            plain.rate(f"http.complete {mode}", plain.ratio, GOAL),
            *plain.cpu(f"http.CPU ms of the server for each completion {mode}"),
            _offered(f"http.p99 ms at {OFFERED_PER_S:g} a second {mode}", city, server, P99_GOAL_MS),
        ]
        with Boards(server, cookies) as boards:
            found += _with_boards(mode, city, server, empty, boards, plain)
    city.close()
    return found


def _with_boards(
    mode: Synchronous, city: City, server: Server, empty: Server, boards: Boards, plain: Turns
) -> list[Result]:
    held = f"with {SUPERVISORS} open boards {mode}"
    boards.ask("count")
    began = stopwatch()
    crowded = _in_turns(city, server, empty)
    elapsed, asked = stopwatch() - began, boards.ask("count")
    if asked.get("wrong") or asked.get("full") or not asked.get("pages"):
        raise Unanswered(f"Expected boards that are told and answered, but counted {asked}.")
    return [
        crowded.rate(f"http.kept {held}", crowded.ratio / plain.ratio, KEPT_GOAL),
        *crowded.cpu(f"http.CPU ms of the server for each completion {held}"),
        Result(f"http.pages asked for by boards {held}", asked["pages"], asked["pages"] / elapsed, 0.0, 0.0, 0.0),
        _offered(f"http.p99 ms at {OFFERED_PER_S:g} a second {held}", city, server, None),
        _fresh(f"http.seconds until every board shows a step {held}", city, server, boards),
    ]


def _in_turns(city: City, server: Server, empty: Server) -> Turns:
    """The empty route and completions, in turns, after one turn that warms up."""
    turns = Turns()
    nothing = [request("GET", "/", {"Host": empty.host})] * EMPTY_REQUESTS
    for turn in range(TURNS + 1):
        pause(QUIET_S if turn else 0.0)
        idle, idle_cpu = _asked(empty, nothing, 200)
        ours, our_cpu = _completed(city, server, INSTANCES, None)
        if turn:
            turns.empty.append(idle)
            turns.ours.append(ours)
            if idle_cpu is not None and our_cpu is not None:
                turns.empty_cpu.append(idle_cpu)
                turns.our_cpu.append(our_cpu)
    return turns


def _completed(city: City, server: Server, instances: int, per_s: float | None) -> tuple[Load, float | None]:
    """Instances played to their end over HTTP. Raises: Unanswered if one request did not complete its item."""
    requests, before = city.completions(server.host, instances), city.completed()
    found = _asked(server, requests, 302, per_s)
    done = city.completed() - before
    if done != len(requests):
        raise Unanswered(f"Expected {len(requests)} completions, but the database has {done} more.")
    return found


def _asked(
    server: Server, requests: Sequence[bytes], status: int, per_s: float | None = None
) -> tuple[Load, float | None]:
    """What became of the requests, and the server's CPU seconds."""
    clients = Clients(server.address, CONNECTIONS)
    before = server.cpu_seconds()
    try:
        load = clients.closed(requests) if per_s is None else clients.open(requests, per_s)
    finally:
        clients.close()
    after = server.cpu_seconds()
    if load.statuses != {status: len(requests)}:
        raise Unanswered(f"Expected {status} for every request, but got {dict(load.statuses)}.")
    return load, None if before is None or after is None else after - before


def _offered(name: str, city: City, server: Server, goal: float | None) -> Result:
    """Latency at a fixed rate; judged by its p99."""
    load, _ = _completed(city, server, OFFERED_INSTANCES, OFFERED_PER_S)
    found = latencies(name, load.seconds)
    return replace(found, per_s=load.per_s, ratio=found.p99_ms, goal=goal, at_most=True)


def _fresh(name: str, city: City, server: Server, boards: Boards) -> Result:
    """How long after a step in a quiet city each board has what it asked for since; judged by the last one."""
    seconds: list[float] = []
    for asked in city.completions(server.host, 1)[:MARKS]:
        pause(QUIET_S)
        boards.say("mark")
        _asked(server, [asked], 302)
        heard = boards.hear()["seconds"]
        if len(heard) != SUPERVISORS:
            raise Unanswered(f"Expected {SUPERVISORS} boards to show a step, but {len(heard)} did.")
        seconds += heard
    return replace(latencies(name, seconds), ratio=max(seconds), goal=FRESH_GOAL_S, at_most=True)


def latencies(name: str, seconds: Sequence[float]) -> Result:
    """The percentiles of these seconds, without a rate."""
    ordered = sorted(seconds)
    p50, p95, p99 = (percentile(ordered, percent) * 1000 for percent in (50, 95, 99))
    return Result(name, len(ordered), 0.0, p50, p95, p99)


class Boards:
    """The process that holds the boards open."""

    def __init__(self, server: Server, cookies: Path) -> None:
        command = [sys.executable, "-m", "engine.bench.http_boards", *map(str, server.address), str(cookies)]
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.opened: int = self.hear()["open"]

    def ask(self, what: str) -> dict[str, Any]:
        """Say it and hear the answer."""
        self.say(what)
        return self.hear()

    def say(self, what: str) -> None:
        """Say a word."""
        assert self._process.stdin is not None
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()

    def hear(self) -> dict[str, Any]:
        """The next answer. Raises: Unanswered when the process ended or lost a stream."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        said: dict[str, Any] = json.loads(line) if line else {"lost": "the process of the boards ended"}
        if "lost" in said:
            raise Unanswered(f"Expected open boards, but {said['lost']}.")
        return said

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
