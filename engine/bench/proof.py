"""Bench `proof`: how long both proofs of a drawing with about 100 nodes take, in CPU, and how many are complete.

The drawings are nested blocks of what designers draw most, made from a seed: gateways of three kinds, rework, legs,
sub-processes with a deadline. Judged is the 95th percentile: the check of such a file is to take less than a second.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from random import Random

from engine.bench.result import Result, from_turns
from engine.bpmn.guard import guard
from engine.bpmn.net import Net
from engine.bpmn.normalise import normalise
from engine.bpmn.proof import prove_both
from engine.bpmn.reader import read
from engine.clock import cpu_seconds

DRAWINGS, NODES = 60, 100
GOAL_S = 1.0
_GATEWAYS = {"exclusive": "exclusiveGateway", "parallel": "parallelGateway", "inclusive": "inclusiveGateway"}
_HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:cl="urn:cityloop:bpmn:1" '
    'targetNamespace="urn:bench"><process id="p" isExecutable="true">'
)


def run() -> Result:
    """The seconds of both proofs of each drawing; `passed` counts those explored completely."""
    seconds, complete = [], 0
    for seed in range(DRAWINGS):
        net = drawn(seed)
        began = cpu_seconds()
        proofs = prove_both(net)
        seconds.append(cpu_seconds() - began)
        complete += proofs["plain"].complete
    result = from_turns("proof", [seconds])
    return replace(result, ratio=result.p95_ms / 1000, goal=GOAL_S, at_most=True, passed=complete)


def drawn(seed: int, nodes: int = NODES) -> Net:
    """The net of a drawing with about so many nodes; the same seed gives the same."""
    pen = _Pen(Random(seed), nodes)  # noqa: S311 - drawings, no secrets
    pen.chain("start", "end", 0)
    text = f'{_HEAD}<startEvent id="start"/>{pen.text()}<endEvent id="end"/></process></definitions>'
    return read(normalise(guard(text.encode()).root).root, f"bench {seed}").nets["p"]


@dataclass
class _Pen:
    random: Random
    left: int
    made: int = 0
    parts: list[str] = field(default_factory=list)

    def text(self) -> str:
        """What was drawn so far."""
        return "".join(self.parts)

    def chain(self, source: str, target: str, depth: int) -> None:
        """Blocks in a row between two nodes: until all nodes are used up at the top, one to three inside."""
        blocks = 0
        while self.left > 0 and (not depth or blocks < 1 + self.random.randrange(3)):
            source = self._block(source, depth)
            blocks += 1
        self._flow(source, target)

    def _block(self, source: str, depth: int) -> str:
        kinds = ["task"] * 5 if depth < 3 and self.left > 8 else ["task"]
        kinds += [*_GATEWAYS, "rework", "legs", "guarded"] if len(kinds) > 1 else []
        kind = self.random.choice(kinds)
        if kind == "task":
            return self._node("userTask", source)
        if kind == "rework":
            merge = self._node("exclusiveGateway", source)
            split = self._id("exclusiveGateway")
            self.chain(merge, split, depth + 1)
            self._flow(split, merge, "again")
            return split
        if kind in _GATEWAYS:
            return self._gateways(_GATEWAYS[kind], source, depth)
        return self._sub_process(source, depth, legs=kind == "legs")

    def _gateways(self, gateway: str, source: str, depth: int) -> str:
        split, join = self._node(gateway, source), self._id(gateway)
        for branch in range(self.random.choice((2, 2, 3))):
            task = self._id("userTask")
            self._flow(split, task, f"x == {branch}" if branch and gateway != "parallelGateway" else "")
            self.chain(task, join, depth + 1)
        return join

    def _sub_process(self, source: str, depth: int, *, legs: bool) -> str:
        outside, self.parts = self.parts, []
        start, end = self._id("startEvent"), self._id("endEvent")
        self.chain(start, end, depth + 1)
        inside, self.parts = self.text(), outside
        if legs:
            inside += '<multiInstanceLoopCharacteristics cl:collection="units" cl:element="unit"/>'
        sub = self._id("subProcess", inside)
        self._flow(source, sub)
        after = self._id("exclusiveGateway")
        self._flow(sub, after)
        deadline = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
        late = self._id("boundaryEvent", deadline, f'attachedToRef="{sub}"')
        self._flow(late, after)
        return after

    def _node(self, kind: str, source: str) -> str:
        id = self._id(kind)
        self._flow(source, id)
        return id

    def _id(self, kind: str, inside: str = "", more: str = "") -> str:
        self.made += 1
        self.left -= 1
        id = f"{kind}_{self.made}"
        self.parts.append(f'<{kind} id="{id}" {more}>{inside}</{kind}>')
        return id

    def _flow(self, source: str, target: str, condition: str = "") -> None:
        self.made += 1
        stated = f"<conditionExpression>{condition}</conditionExpression>" if condition else ""
        flow = f'<sequenceFlow id="f{self.made}" sourceRef="{source}" targetRef="{target}">{stated}</sequenceFlow>'
        self.parts.append(flow)
