"""What a proof says is said in both languages, with every name its sentence asks for."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

from engine.bpmn import proof
from engine.bpmn.proof_soundness import _SENTENCES

pytestmark = pytest.mark.fast

FILES = sorted(Path(proof.__file__).parent.glob("proof*.py"))
TRANSLATIONS = Path(__file__).parents[2] / "webapp" / "translations"
BY_PARTS = {
    *(f"cl_01_{short}" for short in _SENTENCES),
    *("cl_10_deadlock", "cl_10_restless", "cl_10_no_start", "cl_10_no_way", "cl_10_failure"),
    *("cl_05_no_acceptance", "cl_05_no_return"),
}


def said() -> set[str]:
    """The code of every sentence in the source of the proof."""
    read = "".join(file.read_text("utf-8") for file in FILES)
    return set(re.findall(r'"(cl_\d\d_[a-z_]*[a-z])"', read)) | BY_PARTS


def sentences(language: str) -> dict[str, str]:
    """The sentences of one language."""
    return dict(tomllib.loads((TRANSLATIONS / language / "check.toml").read_text("utf-8"))["proof"])


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_breach_has_a_sentence_and_no_sentence_is_left_over(language: str) -> None:
    """A designer reads why a version is refused in the language of the page."""
    assert set(sentences(language)) == said()


def test_both_languages_fill_the_same_places() -> None:
    """Neither language leaves out a name that the other one gives."""
    places = [
        {code: set(re.findall(r"\{(\w+)\}", text)) for code, text in sentences(each).items()} for each in ("zh", "en")
    ]
    assert places[0] == places[1]


def test_every_breach_brings_what_its_sentence_asks_for() -> None:
    """No report shows a hole in place of a name."""
    wanted = {code: set(re.findall(r"\{(\w+)\}", text)) for code, text in sentences("en").items()}
    holes = []
    for file in FILES:
        for call in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Found":
                code, params = call.args[1], call.args[4] if len(call.args) > 4 else None
                if isinstance(code, ast.Constant) and (params is None or isinstance(params, ast.Dict)):
                    spread = params is not None and None in params.keys
                    given = {key.value for key in params.keys if isinstance(key, ast.Constant)} if params else set()
                    if not spread and not wanted[code.value] <= given:
                        holes.append((file.name, code.value, wanted[code.value] - given))
    assert holes == []
