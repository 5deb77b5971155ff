"""The words of our namespace: the list of them, what the reader reads, and what the modeller writes are the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.bpmn import reader_activities, vocabulary

pytestmark = pytest.mark.fast

READER = Path(vocabulary.__file__).parent
ASKED = re.compile(r"""attribute\(\s*\w+,\s*"(\w+)",\s*CL\s*\)|_loop_name\(\s*\w+,\s*"(\w+)\"""")


def texts_of_the_reader() -> str:
    """Every step of the reading."""
    return "".join(file.read_text("utf-8") for file in READER.glob("reader*.py"))


def test_list_names_every_word_the_reader_asks_for() -> None:
    """A designer can write whatever the engine executes: a new word of the reader is added to the list with it."""
    asked = {name for groups in ASKED.findall(texts_of_the_reader()) for name in groups if name}
    assert {"role", "operation", "collection", "output_element"} <= asked
    assert asked | reader_activities._KNOWN_MARKS <= vocabulary.names()


def test_list_names_no_word_that_no_step_of_the_reading_knows() -> None:
    """No designer is offered a word that does nothing."""
    text = texts_of_the_reader()
    assert sorted(name for name in vocabulary.names() if f'"{name}"' not in text) == []


def test_descriptor_gives_a_type_no_word_twice() -> None:
    """bpmn-js refuses a descriptor in which a type gains an attribute twice, its own and an inherited one."""
    types = vocabulary.moddle_descriptor()["types"]
    pairs = [(on, each["name"]) for kind in types for on in kind.get("extends", ()) for each in kind["properties"]]
    assert len(pairs) == len(set(pairs))
    assert {name for _, name in pairs} == vocabulary.names()
    assert not any(on.endswith("Task") and on != "bpmn:Task" for on, _ in pairs)
    assert len({kind["name"] for kind in types}) == len(types)
