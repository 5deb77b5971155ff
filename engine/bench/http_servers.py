"""The servers that `http` asks, as processes of their own: the city and an empty route, both as `cityloop serve` does.

The engine knows no web, so the bench starts the installed commands and speaks HTTP to them.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from engine.bench.http_load import Address, Clients, Unanswered, request
from engine.clock import pause

_HOST = "127.0.0.1"
_READY_AFTER_S = 30.0
_LOOKS_EVERY_S = 0.1
_CITY = "from webapp.cli import main; main()"
_EMPTY = "from webapp.empty import main; main()"
_PROC = Path("/proc")


class Server:
    """A web server on a free port of this machine, running until the block ends."""

    def __init__(self, code: str, arguments: list[str], environment: Mapping[str, str], ready: str, log: Path) -> None:
        self.address: Address = (_HOST, _free_port())
        command = [sys.executable, "-c", code, *arguments, "--port", str(self.address[1])]
        self._log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(  # noqa: S603  # our own commands
                command, env={**os.environ, **environment}, stdout=out, stderr=out
            )
        try:
            self._await(request("GET", ready, {"Host": self.host}))
        except BaseException:
            self.close()
            raise

    @property
    def host(self) -> str:
        """Host and port as a browser sends them."""
        return f"{self.address[0]}:{self.address[1]}"

    def cpu_seconds(self) -> float | None:
        """CPU seconds the server and its workers have used; None where the system does not tell."""
        return cpu_of_tree(self._process.pid)

    def close(self) -> None:
        """Stop it."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _await(self, asked: bytes) -> None:
        """Wait until it answers. Raises: Unanswered with what it said instead."""
        for _ in range(int(_READY_AFTER_S / _LOOKS_EVERY_S)):
            if self._process.poll() is not None:
                break
            try:
                clients = Clients(self.address, 1)
            except OSError:
                pause(_LOOKS_EVERY_S)
                continue
            try:
                if clients.closed([asked]).statuses == {200: 1}:
                    return
            except (OSError, Unanswered):
                pause(_LOOKS_EVERY_S)
            finally:
                clients.close()
        said = self._log.read_text("utf-8", "replace")[-2000:]
        raise Unanswered(f"Expected a server within {_READY_AFTER_S:g} s, but it said: {said}")


def serve_city(settings: Mapping[str, str], log: Path) -> Server:
    """The city of these settings, served as `cityloop serve` does it."""
    return Server(_CITY, ["serve"], settings, "/healthz", log)


def serve_empty(log: Path) -> Server:
    """An empty Flask route on the same server with the same settings."""
    return Server(_EMPTY, [], {}, "/", log)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def cpu_of_tree(pid: int) -> float | None:
    """CPU seconds of a process and its children as Linux counts them, at 10 ms; None elsewhere."""
    if not (_PROC / "self" / "stat").exists():
        return None
    fields = {int(file.parent.name): found for file in _PROC.glob("[0-9]*/stat") if (found := _stat(file))}
    family = {pid}
    while more := {child for child, found in fields.items() if int(found[1]) in family} - family:
        family |= more
    ticks = sum(int(fields[each][11]) + int(fields[each][12]) for each in family if each in fields)
    return ticks / os.sysconf("SC_CLK_TCK")


def _stat(file: Path) -> list[str] | None:
    """The fields of a process after its name; None for one that has just ended."""
    try:
        return file.read_text().rpartition(")")[2].split()
    except OSError:
        return None
