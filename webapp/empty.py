"""An empty JSON route on the server that `serve` starts, with its settings: what `bench http` measures the city by."""

from __future__ import annotations

import click
from flask import Flask, Response, jsonify

from webapp import serve

app = Flask(__name__)


@app.get("/")
def nothing() -> Response:
    """The least that Flask can answer as JSON."""
    return jsonify({})


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), required=True)
def main(port: int) -> None:
    """Serve it on this machine until stopped."""
    serve.serve("127.0.0.1", port, target="webapp.empty:app")
