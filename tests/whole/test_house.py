"""The house itself: who may import whom, the one clock, the one commit, the words of every refusal, the wheel."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import engine.errors
from engine.bpmn.expressions.faults import SENTENCES
from engine.domain.lifecycle import SYSTEM, TABLES
from engine.domain.roles import ROLE_PERMISSIONS
from engine.errors import EngineError
from engine.safe_xml import UnsafeXml

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for room in ("engine", "webapp") for path in (ROOT / room).rglob("*.py"))
OWN_TEXT = {".py", ".toml", ".bpmn", ".dmn", ".json", ".md", ".txt", ".cfg", ""}
SENTENCE = re.compile(r"Expected .+, (but|because) .+[.]", re.DOTALL)
CODE = re.compile(r"[a-z_{}]+\.[a-z_{}]+")
REFUSALS = {
    name: kind for name, kind in vars(engine.errors).items() if isinstance(kind, type) and issubclass(kind, EngineError)
} | {"UnsafeXml": UnsafeXml}
PASSED_ON = {("engine/domain/table_entry.py", "profile.invalid"), ("webapp/cli.py", "settings.weak")}
"""Refusals that carry sentences written elsewhere: `refused` of a table entry, findings of the settings."""
CLOCKS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
    *("time.time", "time.time_ns", "time.monotonic", "time.perf_counter", "time.process_time", "time.sleep"),
}


@cache
def tree(path: Path) -> ast.Module:
    """The syntax of a file."""
    return ast.parse(path.read_text("utf-8"))


def calls(path: Path) -> Iterator[ast.Call]:
    """Every call in a file."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def name_of(path: Path) -> str:
    """A file as people call it."""
    return path.relative_to(ROOT).as_posix()


@pytest.mark.fast
def test_clock_is_read_in_one_file_only() -> None:
    """Time is passed in: nothing but `engine/clock.py` asks the machine for it or waits for it."""
    readers = set()
    for path in SOURCES:
        for node in ast.walk(tree(path)):
            names_time = isinstance(node, ast.Import) and any(each.name == "time" for each in node.names)
            takes_from_time = isinstance(node, ast.ImportFrom) and node.module == "time"
            asks = isinstance(node, ast.Attribute) and ast.unparse(node) in CLOCKS
            if names_time or takes_from_time or asks:
                readers.add(name_of(path))
    assert readers == {"engine/clock.py"}


@pytest.mark.fast
def test_commit_is_called_in_one_place() -> None:
    """One transaction for one command can only hold where there is one commit."""
    places = [
        name_of(path)
        for path in SOURCES
        for call in calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "commit"
    ]
    assert places == ["engine/storage/uow.py"]


def literal(node: ast.expr | None, assigned: dict[str, ast.expr]) -> str | None:
    """The text of an expression as far as it stands in the source; holes are `{}`."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(literal(part, assigned) or "{}" for part in parts)
        case ast.Name(id=name) if name in assigned:
            return literal(assigned[name], {})
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return (literal(left, assigned) or "{}") + (literal(right, assigned) or "{}.")
        case ast.BoolOp(values=parts):
            return literal(parts[-1], assigned)
        case ast.IfExp(body=body):
            return literal(body, assigned)
    return None


def refusals() -> Iterator[tuple[str, int, str, str | None]]:
    """File, line, code and sentence of every refusal that is built with a code in the source."""
    for path in SOURCES:
        assigned: dict[str, ast.expr] = {}
        found = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Assign | ast.Call)]
        for node in sorted(found, key=lambda node: (node.lineno, node.col_offset)):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                assigned[node.targets[0].id] = node.value
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REFUSALS:
                code = literal(node.args[0] if node.args else None, assigned)
                given = node.args[1] if len(node.args) > 1 else None
                words = literal(given, assigned) if given else str(REFUSALS[node.func.id].__doc__).splitlines()[0]
                if code is not None:
                    yield name_of(path), node.lineno, code, words


@pytest.mark.fast
def test_refusals_have_a_code_and_a_sentence_of_the_grammar() -> None:
    """Whatever is refused says what was expected and what there is instead, under a stable code."""
    known = list(refusals())
    assert len(known) > 100
    bad = [
        found
        for found in known
        if (found[0], found[2]) not in PASSED_ON
        and not (CODE.fullmatch(found[2]) and found[3] and SENTENCE.fullmatch(found[3]))
    ]
    assert bad == []


@pytest.mark.fast
def test_sentences_of_expressions_follow_the_grammar() -> None:
    """A designer reads the same kind of sentence for a formula as for anything else."""
    assert [code for code, words in SENTENCES.items() if not SENTENCE.fullmatch(words)] == []
    assert all(code.startswith("expression.") for code in SENTENCES)


@pytest.mark.fast
def test_kinds_of_refusals_speak_for_themselves() -> None:
    """A refusal without words of its own has those of its kind."""
    for kind in REFUSALS.values():
        words = str(kind.__doc__).splitlines()[0]
        assert kind is EngineError or SENTENCE.fullmatch(words), kind


@pytest.mark.fast
def test_texts_hold_no_reminder_of_unfinished_work() -> None:
    """What is not done is not hinted at in the code but stands where work is planned."""
    reminder = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
    rooms = ("engine", "webapp", "processes", "migrations", "tests")
    files = [path for room in rooms for path in (ROOT / room).rglob("*") if path.suffix in OWN_TEXT and path.is_file()]
    files += [path for path in ROOT.iterdir() if path.is_file() and path.suffix in OWN_TEXT]
    assert [name_of(path) for path in files if reminder.search(path.read_text("utf-8", errors="ignore"))] == []


@pytest.mark.fast
def test_permissions_asked_for_are_held_by_some_role() -> None:
    """Every right that a move or a command asks for can be had by somebody."""
    held = frozenset().union(*ROLE_PERMISSIONS.values())
    moves = {move.permission for table in TABLES for move in table.moves} - {SYSTEM}
    services = [path for path in SOURCES if path.parent.name == "services"]
    asked = {
        constant.value
        for path in services
        for constant in ast.walk(tree(path))
        if isinstance(constant, ast.Constant)
        and isinstance(constant.value, str)
        and re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z_]+", constant.value)
    }
    assert asked
    assert (moves | asked) - held == set()


@pytest.mark.fast
def test_files_and_functions_stay_small() -> None:
    """A file is read in one sitting and a function on one page; exceptions are rare."""
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {name: length for name, length in lengths.items() if length > 500} == {}
    functions = [
        (node.end_lineno or 0) - node.lineno + 1
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef)
    ]
    assert sum(length > 50 for length in functions) <= 0.02 * len(functions)


@pytest.mark.fast
def test_files_have_names_that_say_something() -> None:
    """No drawer for odds and ends."""
    drawers = {"manager", "helper", "helpers", "utils", "util", "misc", "common", "data", "info"}
    assert [name_of(path) for path in SOURCES if drawers & set(path.stem.split("_"))] == []


def test_imports_keep_to_the_contracts() -> None:
    """The directions of the house hold: no web in the engine, no library in the domain, nothing sideways."""
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout, unpacked as an installation would."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def test_wheel_holds_processes_migrations_and_tables(unpacked: Path) -> None:
    """An installation without the checkout has everything it needs, byte for byte, and no tests."""
    for room, inside in (("processes", "engine/_shipped/processes"), ("migrations", "engine/_shipped/migrations")):
        files = [path for path in (ROOT / room).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        assert files
        for path in files:
            copy = unpacked / inside / path.relative_to(ROOT / room)
            assert copy.read_bytes() == path.read_bytes(), copy
    assert (unpacked / "engine" / "demo" / "day.toml").exists()
    assert not (unpacked / "tests").exists()


def test_wheel_sets_up_a_city_and_drives_its_loop(unpacked: Path, tmp_path: Path) -> None:
    """From the wheel alone: migrate, doctor and a dry run of the shipped loop."""
    begin = "import sys; from webapp.cli import main; main(sys.argv[1:])"
    places = {
        "CITYLOOP_DATABASE_URL": f"sqlite:///{tmp_path / 'city.db'}",
        "CITYLOOP_KEYS_FILE": str(tmp_path / "keys"),
    }
    loop = unpacked / "engine/_shipped/processes/loops/closed_loop_command/closed_loop_command.bpmn"

    def cityloop(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", begin, *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(unpacked), **places},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "new process versions: 3" in cityloop("migrate")
    assert "error" not in cityloop("doctor")
    assert '"outcome": "completed"' in cityloop("drive", str(loop), "--json")
