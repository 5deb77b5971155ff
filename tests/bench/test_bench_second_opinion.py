"""The second reader finds every fault that a reader of ours could have, and never cries wolf."""

from __future__ import annotations

import pytest

from engine import shipped
from engine.bench.check import hundred_elements
from engine.bench.faults import ON_FLOWS, ON_NODES
from engine.bench.second_opinion import chosen, nets, run
from engine.bpmn.check import check
from engine.bpmn.guard import guard
from engine.bpmn.normalise import normalise
from engine.bpmn.reader import read
from engine.bpmn.second_opinion import SecondReading
from engine.errors import NotFound
from tests.bpmn.drawing import drawing
from tests.bpmn.test_second_opinion import ERROR, MESSAGE, PORTABLE

DRAWN = [drawing(inside, MESSAGE + ERROR) for inside in PORTABLE.values()]
SHIPPED = [file.read_bytes() for file in sorted(shipped.path("processes").glob("loops/*/*.bpmn"))]


@pytest.mark.fast
def test_faults_of_every_kind_are_found_in_processes_of_ours() -> None:
    """What a reader could drop, swap or turn is a difference, in each of the constructs the library reads."""
    tried = set()
    for content in (*DRAWN, *SHIPPED, hundred_elements()):
        root = normalise(guard(content).root).root
        for net in read(root, "digest").nets.values():
            second = SecondReading(root, net.id)
            if second.reason is not None:
                continue
            assert second.difference(net) is None
            for what, wrong in chosen(net):
                assert second.difference(wrong) is not None, (net.id, what)
                tried.add(what.split()[0])
    assert {fault.__name__ for fault in (*ON_FLOWS, *ON_NODES)} - tried <= {"change_call"}


@pytest.mark.fast
def test_hundred_elements_are_a_hundred_and_run() -> None:
    """The bench of the check times a file that is read to its end, not one that is refused at once."""
    report = check(hundred_elements())
    assert report.grade == "runs"
    (net,) = report.nets.values()
    assert 90 <= len(net.nodes) + len(net.flows) <= 130


@pytest.mark.long
@pytest.mark.shared_data
def test_a_thousand_faults_in_real_files_are_all_found() -> None:
    """The same over the files of twenty tools and three engines, none of which is called different as it stands."""
    try:
        next(nets())
    except NotFound:
        pytest.skip("the shared files are not here")
    measured = run()
    assert measured.n >= 1_000
    assert measured.is_met
