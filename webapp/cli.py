"""The command line of cityloop: thin — options in, one call to the engine, an answer for people or as JSON out."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from engine.bpmn.unzip import is_zip
from engine.errors import EngineError
from engine.settings import Settings, SettingsError, load_settings

LOOPBACK = "127.0.0.1"
DEMO_DAYS = 30

if TYPE_CHECKING:
    from engine.bpmn.check import Report


def _settings() -> Settings:
    return load_settings(os.environ)


def _refuse(error: EngineError | SettingsError) -> NoReturn:
    """End with the sentence of a refusal on standard error and exit code 1."""
    click.echo(f"cityloop: {error}", err=True)
    for finding in getattr(error, "findings", ()):
        click.echo(f"  {finding}", err=True)
    sys.exit(1)


def _answers(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose named refusals end in a sentence instead of a traceback."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
        except (EngineError, SettingsError) as error:
            _refuse(error)

    return run


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


@click.group()
@click.version_option(package_name="cityloop")
def main() -> None:
    """Closed-loop incident dispatch: every order comes back, is verified, evaluated, and only then closed."""
    logging.basicConfig(
        level=os.environ.get("CITYLOOP_LOG_LEVEL", "WARNING"), format="%(levelname)s %(name)s %(message)s"
    )


@main.command()
@click.option("--dir", "folder", type=click.Path(path_type=Path, file_okay=False), default=Path("demo-data"))
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--no-serve", is_flag=True, help="Play one day, print its summary and exit.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object; does not serve.")
@_answers
def demo(folder: Path, port: int, no_serve: bool, as_json: bool) -> None:
    """Make a new database with the demo city, play thirty days through the real services, and serve it here."""
    from engine.demo.show import show_demo

    if as_json or no_serve:
        summary = show_demo(folder)
        if as_json:
            _print(summary.counts)
        else:
            for line in summary.lines():
                click.echo(line)
        return
    from webapp import serve as server

    server.require_free(LOOPBACK, port)
    click.echo("Playing thirty days of the demo city …")
    for line in show_demo(folder, days=DEMO_DAYS).lines():
        click.echo(line)
    _open_demo(folder, port)
    server.serve_with_worker(LOOPBACK, port, folder.resolve())


def _open_demo(folder: Path, port: int) -> None:
    """Make the passwords of this run and print them, once."""
    from engine.demo.show import open_to_people

    people = open_to_people(folder)
    click.echo("\nAccounts of this run (a minute here stands for an hour of the city's deadlines):")
    for each in people:
        click.echo(f"  {each.role:18} {each.account:16} {each.password}   {each.name}, {each.department}")
    click.echo(f"\nOpen http://{LOOPBACK}:{port} and press “跟着引导走完一起事件 / Follow one incident to its end”.")
    click.echo("Ctrl+C ends it.")


@main.command()
@click.argument("source", type=click.Choice(["cap", "hotline", "csv"]))
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--at", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]), help="As if it were then.")
@click.option("--json", "as_json", is_flag=True)
@_answers
def ingest(source: str, files: tuple[Path, ...], at: datetime | None, as_json: bool) -> None:
    """Push files through an intake adapter."""
    from engine.clock import FixedClock
    from engine.services.ingest import ingest_file
    from engine.services.installation import open_engine

    engine = open_engine(_settings(), FixedClock(at) if at is not None else None)
    for file in files:
        report = ingest_file(engine, source, file.name, file.read_bytes())
        if as_json:
            _print(report.to_json())
        else:
            for line in report.lines():
                click.echo(line)


BESIDE = (".dmn", ".json", ".form")


def _checked(files: tuple[Path, ...], dressed: bool) -> Iterator[tuple[str, Report, dict[str, Any]]]:
    """The report on each BPMN file, those in zips too, and the proofs of its processes.

    Forms and decisions given along stand beside each of them.

    A process in a folder of its own, as `processes/` keeps them, has its forms beside it too.
    """
    from engine.bpmn.upload import check_upload_in_child
    from engine.services.proof_files import proofs_of

    beside = {file.name: file.read_bytes() for file in files if file.suffix.lower() in BESIDE}
    for file in files:
        if file.suffix.lower() in BESIDE and len(beside) < len(files):
            continue
        content = file.read_bytes()
        alone = is_zip(content) or file.name in beside
        own = file.parent.glob("forms/*.json") if file.stem == file.parent.name else ()
        there = {} if alone else {**{form.name: form.read_bytes() for form in own}, **beside}
        upload = check_upload_in_child({file.name: content, **there}, dressed=dressed)
        for inside, report in upload.reports.items():
            yield str(file) if inside == file.name else f"{file}:{inside}", report, proofs_of(upload, inside)


def _refused_rules(proof: dict[str, Any]) -> str:
    refused = [each["rule"] for each in proof["rules"] if each["verdict"] == "refused"]
    return f"refused by {', '.join(refused)}" if refused else f"proved, {proof['markings']} markings"


@main.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@click.option("--fates", "with_fates", is_flag=True, help="List what became of each element, text and foreign word.")
@click.option("--lint", "dressed", is_flag=True, help="Add a reviewer's remarks, and a picture where a file has none.")
def check(files: tuple[Path, ...], as_json: bool, with_fates: bool, dressed: bool) -> None:
    """Say what an upload of these BPMN files or zips would answer; DMN files and forms stand beside the BPMN files."""
    for file, checked, proofs in _checked(files, dressed):
        report = {"file": file, **checked.to_json(with_fates=with_fates), "proof": proofs}
        if as_json:
            _print(report)
        else:
            click.echo(f"{file}: {report['grade']}")
            for finding in report["findings"]:
                place = ":".join(str(finding[key]) for key in ("line", "element") if finding[key])
                click.echo(f"  {finding['severity']} {place} {finding['message']}")
                if finding.get("question"):
                    click.echo(f"    question {finding['key']} proposal: {finding['proposal'] or 'none'}")
            click.echo("  " + ", ".join(f"{count} {fate}" for fate, count in report["fates"].items()))
            for thing in report.get("things", ()):
                click.echo(f"  {thing['line']}:{thing['element']} {thing['name']}: {thing['fate']} {thing['detail']}")
            for remark in report.get("lint", ()):
                click.echo(f"  {remark['weight']} {remark['element'] or ''} {remark['rule']}: {remark['message']}")
            if report.get("layout") == "automatic":
                click.echo("  the file has no picture; one is drawn automatically")
            for process, proof in proofs.items():
                refused = {kind: _refused_rules(each) for kind, each in proof.items()}
                click.echo(f"  {process}: as a loop {refused['loop']}; as a plain process {refused['plain']}")
            opinion = report["second_opinion"]
            click.echo(f"  second opinion: {opinion['verdict']} {opinion['reason'] or ''}".rstrip())


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--process", "process_id", help="Which process of the file; by default the first executable one.")
@click.option("--data", default="{}", help="Start variables as a JSON object.")
@click.option("--json", "as_json", is_flag=True)
@_answers
def drive(file: Path, process_id: str | None, data: str, as_json: bool) -> None:
    """Play a process dry, in memory, on a clock of its own."""
    from engine.services.drive_files import drive_file

    try:
        variables = json.loads(data)
    except ValueError as error:
        raise click.BadParameter(f"Expected a JSON object, but {error}.", param_hint="--data") from error
    if not isinstance(variables, dict):
        raise click.BadParameter("Expected a JSON object.", param_hint="--data")
    driven = drive_file(file, process_id, variables)
    if as_json:
        _print(driven.to_json())
        return
    for line in driven.trace:
        click.echo(line)
    click.echo(f"{driven.process}: {driven.outcome}" + (f" — {driven.reason}" if driven.reason else ""))
    for wait in driven.waits_for:
        click.echo(f"  waits for {wait}")


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@_answers
def serve(host: str, port: int) -> None:
    """Serve pages and API; refuses weak settings. The worker is a process of its own (`cityloop worker`)."""
    from engine.services.installation import open_engine
    from webapp import serve as server

    _refuse_weak(_settings())
    if _settings().demo and host != LOOPBACK:
        raise EngineError("settings.demo_outside", f"Expected a demo to serve on {LOOPBACK} alone, but got {host}.")
    open_engine(_settings()).database.close()  # says what is missing before a server stands there
    server.require_free(host, port)
    click.echo(f"cityloop serves on http://{host}:{port}")
    server.serve(host, port)


def _refuse_weak(settings: Settings) -> None:
    weak = [finding for finding in settings.findings() if finding.severity == "error"]
    if weak:
        raise EngineError("settings.weak", " ".join(finding.message for finding in weak))


@main.command()
@_answers
def worker() -> None:
    """Beat: fire what is due, deliver what is to leave, seal the ledger; until stopped."""
    from engine.services.installation import open_engine
    from engine.worker.loop import run_worker

    settings = _settings()
    _refuse_weak(settings)
    run_worker(open_engine(settings))


@main.command()
@_answers
def migrate() -> None:
    """Bring keys, schema, policies and shipped processes up to date."""
    from engine.services.installation import prepare

    settings = _settings()
    done = prepare(settings)
    if done.made_keys:
        click.echo(f"made new keys in {settings.keys_file}; keep a copy in a safe place, nothing opens without them")
    click.echo(f"schema: {', '.join(done.revisions) or 'up to date'}")
    click.echo(f"new policies: {done.policies}, new process versions: {done.definitions}")


@main.command()
@_answers
def doctor() -> None:
    """Print the effective settings, secrets masked, and what is weak about them; exit 1 for an error."""
    settings = _settings()
    for name, value in settings.masked().items():
        click.echo(f"{name}={value}")
    findings = settings.findings()
    for finding in findings:
        click.echo(f"{finding.severity}: {finding.setting}: {finding.message}")
    sys.exit(1 if any(finding.severity == "error" for finding in findings) else 0)


@main.command()
@click.argument("name")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="Of import: where the corpora lie.")
@click.option("--corpus", "corpora", multiple=True, help="Of import: only this folder of it; may be given again.")
@click.option("--json", "as_json", is_flag=True)
@_answers
def bench(name: str, folder: Path | None, corpora: tuple[str, ...], as_json: bool) -> None:
    """Measure: game, complete, feel, http, peers, census, import and more; a wrong name lists them."""
    from engine.bench import run_bench

    options = {key: value for key, value in (("folder", folder), ("corpora", corpora)) if value}
    result = run_bench(name, **options)
    if as_json:
        _print(result.as_json())
        return
    for line in result.lines():
        click.echo(line)


@main.group()
def audit() -> None:
    """The ledger."""


@audit.command()
@_answers
def verify() -> None:
    """Check every row, chain and seal of the ledger, and the anchor file; print the first broken link."""
    from engine.services.installation import open_engine

    found = open_engine(_settings()).verify()
    looked_at = (
        f"{found.rows} rows of {found.subjects} chains, {found.seals} seals, {found.unsealed} rows not sealed yet"
    )
    click.echo(f"whole: {looked_at}" if found.ok else f"broken: {found.first_broken} ({looked_at})")
    sys.exit(0 if found.ok else 1)
