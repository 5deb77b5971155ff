"""The web server: granian over `webapp.wsgi`, one process with threads. The installation comes by the environment."""

from __future__ import annotations

import logging
import os
import socket
import threading
from pathlib import Path

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.log import LogLevels

from engine.errors import Unavailable
from engine.services.installation import open_engine
from engine.settings import load_settings

from .live import MOST

AT_WORK = 2
"""Requests at work at once: one while another waits for the disk. Python has one interpreter and SQLite one writer;
with 4 or 8 the same work took 10 to 30 % more CPU."""
SPARE = 24
ARRIVING = 64
"""Requests whose forms and files are on their way at once: each holds a thread that waits for its client."""
THREADS = MOST + SPARE + ARRIVING
"""An open stream holds a thread that waits. There are always some for pages beside all that may wait."""
CONNECTIONS = 4_096
"""Open at once; browsers keep up to six each. Without a number granian stops at 1,024 and lets nobody else in."""


def require_free(host: str, port: int) -> None:
    """Refuse an address that is taken, before anything else starts. Raises: Unavailable (`serve.port_taken`)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise Unavailable(
                "serve.port_taken",
                f"Expected to serve on {host}:{port}, but {problem.strerror or problem}. Choose another with --port.",
                port=port,
            ) from problem


def _is_not_about_threads(record: logging.LogRecord) -> bool:
    """Leaves out granian's word on more threads than cores: they wait for streams, `AT_WORK` holds the rest back."""
    return "Python threads" not in record.getMessage()


def serve(host: str, port: int, *, target: str = "webapp.wsgi:app") -> None:
    """Serve until stopped; a worker process that dies is started again."""
    logging.getLogger("_granian").addFilter(_is_not_about_threads)
    Granian(
        target,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        backpressure=CONNECTIONS,
        respawn_failed_workers=True,
        log_level=LogLevels.warning,
        websockets=False,
        http=HTTPModes.http1,
    ).serve()


def serve_with_worker(host: str, port: int, folder: Path) -> None:
    """Serve the installation of a demo folder until stopped, with its worker beside the server in this process."""
    from engine.worker.loop import run_worker

    os.environ["CITYLOOP_SETTINGS_FILE"] = str(folder / "demo.toml")
    engine = open_engine(load_settings(os.environ))
    stop = threading.Event()
    worker = threading.Thread(target=run_worker, args=(engine,), kwargs={"until": stop}, name="worker")
    worker.start()
    try:
        serve(host, port)
    finally:
        stop.set()
        worker.join()
        engine.database.close()
