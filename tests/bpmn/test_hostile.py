"""Hostile files: nothing in them runs, each is answered in time, names its element and can never be published."""

from __future__ import annotations

import socket
from itertools import islice
from pathlib import Path

import pytest

from engine.bench.hostile import fault_of, fault_of_upload, judge_forked, judged, read_here, trap
from engine.bench.hostile_files import hostile_files
from engine.bench.hostile_places import EVALUATED, LABELS, file_of, line
from engine.bpmn.check import Report, check
from engine.clock import cpu_seconds

NOWHERE = (Path("/nowhere/executed"), 1, Path("/nowhere/secret"))
SLOWEST_ALLOWED_S = 5.0


@pytest.mark.fast
def test_hostile_files_are_more_than_two_thousand_and_reach_every_place() -> None:
    """The set keeps its size, and no place in which text is evaluated is forgotten in it."""
    files = list(hostile_files(*NOWHERE))
    assert len(files) >= 2_000
    assert len({name for name, _, _ in files}) >= 0.9 * len(files)
    reached = {name.split(" | ")[0] for name, _, _ in files}
    assert {*EVALUATED, *LABELS} <= reached
    assert len(EVALUATED) > 80
    spelled = [content for name, content, _ in files if name.startswith("exclusive condition")]
    assert {b"${" in each for each in spelled} == {True, False}
    assert any(b">= " in each for each in spelled)


@pytest.mark.fast
def test_hostile_text_is_what_makes_a_place_hostile() -> None:
    """With harmless text the same places are no reason to refuse: the judge would notice a place that is always red."""
    reports = {place: check(file_of(*put("amount"))) for place, put in EVALUATED.items()}
    refused = {place for place, report in reports.items() if report.grade == "refused"}
    assert len(refused) < len(EVALUATED) / 8


@pytest.mark.fast
def test_judge_finds_a_file_that_could_be_published() -> None:
    """The measure itself: a clean file is no blocked one, and an unsafe one that got through is found."""
    clean = check(file_of(line('<userTask id="target"/>')))
    assert fault_of(clean, "blocked") == "publishable"
    assert fault_of(clean, "refused") == "unsafe and not refused"
    assert fault_of(Report("refused"), "blocked") == "not named"
    assert fault_of(clean, "harmless") == ""


@pytest.mark.fast
def test_trap_springs_when_something_is_executed() -> None:
    """A canary that is written, or a port that is called, is noticed."""
    with pytest.raises(AssertionError, match="canary"), trap() as (canary, _, _):
        canary.write_text("x")
    with pytest.raises(AssertionError, match="port"), trap() as (_, port, _):
        socket.create_connection(("127.0.0.1", port)).close()


def test_hostile_sample_is_named_and_never_publishable() -> None:
    """One in thirteen of all files, read as an upload is: nothing executed, nothing slow, everything named."""
    with trap() as places:
        faults = []
        for name, content, expected in islice(hostile_files(*places), 0, None, 13):
            began = cpu_seconds()
            if fault := fault_of_upload(read_here(content), expected):
                faults.append((name, fault))
            assert cpu_seconds() - began < SLOWEST_ALLOWED_S, name
    assert faults == []


def test_hostile_sample_in_children_keeps_to_the_limits() -> None:
    """The same in the bounded processes that uploads go through."""
    with trap() as places:
        outcomes = judged(list(islice(hostile_files(*places), 5, None, 151)))
    assert [(each.name, each.fault) for each in outcomes if each.fault] == []


def test_fork_keeps_to_the_limits_of_the_check() -> None:
    """A file that would eat the memory costs its own fork, and is told as over the limits."""
    fine = ("fine", file_of(line('<userTask id="target"/>')), "harmless")
    assert judge_forked(fine).fault == ""  # type: ignore[arg-type]
    assert judge_forked(("bad", fine[1], "blocked")).fault == "publishable"


@pytest.mark.long
def test_hostile_files_all_in_children_are_named_and_never_publishable() -> None:
    """All of them, each in a fork of its own under the limits of the check."""
    with trap() as places:
        outcomes = [judge_forked(hostile) for hostile in hostile_files(*places)]
    assert len(outcomes) >= 2_000
    assert [(each.name, each.fault) for each in outcomes if each.fault] == []
