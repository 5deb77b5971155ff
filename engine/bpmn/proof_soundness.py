"""CL-10 and CL-01 on the explored markings: every token can go on to an end, and every order's loop is closed there."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from engine.bpmn.findings import Severity
from engine.bpmn.net import Kind, Net, Node
from engine.bpmn.proof_found import Found, label
from engine.bpmn.proof_space import Refusal, Space
from engine.bpmn.proof_subject import Directive
from engine.bpmn.proof_terms import ProofKind
from engine.bpmn.proof_trace import course_to, course_to_refusal
from engine.bpmn.stimuli import Complete, MessageArrived

_OWED = {
    "issued": "no_feedback", "executing": "no_feedback", "feedback": "no_verification",
    "not_accepted": "no_verification", "accepted": "no_evaluation", "evaluated": "not_closed",
}  # fmt: skip
_SENTENCES = {
    "no_feedback": "Expected every department's feedback on the issued order, but a path ends at “{name}” without.",
    "no_verification": "Expected a verification after the feedback, but a path ends at “{name}” without.",
    "no_evaluation": "Expected an evaluation after the verification, but a path ends at “{name}” without.",
    "not_closed": "Expected the order to be closed after its evaluation, but a path ends at “{name}” with it open.",
    "not_issued": "Expected an order to be issued, withdrawn or voided, but a path ends at “{name}” without.",
    "incident_open": "Expected the incident to be settled, but a path ends at “{name}” with it in {state}.",
}


def soundness(net: Net, spaces: list[Space], kind: ProofKind) -> list[Found]:
    """What breaks CL-10: stuck tokens, no way out, tokens that double, ways without end, nodes no token reaches."""
    found: dict[tuple[str, str], Found] = {}
    for space in spaces:
        for each in (*_stuck(space), *_failed(space, kind), *_doubled(space, kind), *_endless(space)):
            found.setdefault((each.code, each.node.id if each.node else ""), each)
    if all(space.complete for space in spaces):
        entered = set().union(*(space.entered for space in spaces))
        dead = [node for node in net.nodes if node.index not in entered and node.handler not in entered]
        if not any(space.failed for space in spaces) and not found:
            for node in dead:
                message = f"Expected a way for a token to reach “{label(node)}”, but there is none."
                found["cl_10_dead", node.id] = Found("CL-10", "cl_10_dead", node, message, {"name": label(node)})
    else:
        markings = sum(len(space.states) for space in spaces)
        message = f"Expected all markings within the bound, but there are more than the {markings} looked at."
        severity: Severity = "error" if kind == "loop" else "warning"
        found["bound", ""] = Found("CL-10", "cl_10_bound", None, message, {"markings": markings}, (), severity)
    return list(found.values())


def nearest_first(space: Space, markings: Collection[int]) -> list[int]:
    """Those of the markings that are reached by the fewest steps first."""
    if not markings:
        return []
    seen = dict.fromkeys(root.target for root in space.roots)
    queue = list(seen)
    for at in queue:
        for edge in space.edges[at]:
            if edge.target not in seen:
                seen[edge.target] = None
                queue.append(edge.target)
    return [at for at in queue if at in markings]


def _stuck(space: Space) -> Iterator[Found]:
    """Steps that the game refuses, because tokens would be stuck or never come to rest."""
    order = {at: number for number, at in enumerate(nearest_first(space, range(len(space.states))))}
    for refusal in sorted(space.refusals, key=lambda each: order.get(each.source, -1)):
        code = refusal.error.code
        if code in ("game.stalled", "game.too_many_steps", "game.no_start"):
            node = _named(space, refusal)
            name = label(node) if node is not None else ""
            course = course_to_refusal(space, refusal)
            short = {"game.stalled": "deadlock", "game.too_many_steps": "restless"}.get(code, "no_start")
            yield Found("CL-10", f"cl_10_{short}", node, refusal.error.message, {"name": name}, course)
            return


def _named(space: Space, refusal: Refusal) -> Node | None:
    element = refusal.error.element
    return next((node for node in space.model.net.nodes if node.id == element), refusal.happening.node)


def _failed(space: Space, kind: ProofKind) -> Iterator[Found]:
    """Markings at which a node cannot go on without an operator."""
    seen = set()
    for at in nearest_first(space, space.failed):
        failure = space.failed[at]
        node = space.model.net.nodes[failure.node]
        if node.index in seen:
            continue
        seen.add(node.index)
        short = "no_way" if failure.code == "game.no_way" else "failure"
        severity: Severity = "error" if kind == "loop" else "warning"
        yield Found(
            "CL-10",
            f"cl_10_{short}",
            node,
            f"Expected “{label(node)}” to go on whatever the data, but {failure.message}",
            {"name": label(node), "code": failure.code},
            course_to(space, at),
            severity,
        )


def _doubled(space: Space, kind: ProofKind) -> Iterator[Found]:
    """Markings with two tokens at one place, and places where they grow without bound."""
    nodes = space.model.net.nodes
    for at in nearest_first(space, space.unbounded)[:1]:
        index = space.unbounded[at]
        message = f"Expected tokens to come together again, but more and more gather at “{label(nodes[index])}”."
        yield Found(
            "CL-10", "cl_10_unbounded", nodes[index], message, {"name": label(nodes[index])}, course_to(space, at)
        )
    for at in nearest_first(space, space.twice)[:1]:
        index = space.twice[at]
        severity: Severity = "error" if kind == "loop" else "warning"
        message = f"Expected one token at “{label(nodes[index])}”, but there can be two, and it is done twice."
        params = {"name": label(nodes[index])}
        yield Found("CL-10", "cl_10_twice", nodes[index], message, params, course_to(space, at), severity)


def _endless(space: Space) -> Iterator[Found]:
    """The first marking from which no end can be reached, where the life cycle is not what holds it up."""
    at = first_endless(space)
    if at is not None and not any(refusal.error.code.startswith("game.") for refusal in _refused(space, at)):
        if _held_up(space, at):
            return
        node = _waiting(space, at)
        message = f"Expected a way to an end, but once “{label(node)}” waits there is none."
        yield Found("CL-10", "cl_10_endless", node, message, {"name": label(node)}, course_to(space, at))


def first_endless(space: Space) -> int | None:
    """The marking nearest to a start from which no end was found; None where all can end, or the bound was hit."""
    if not space.complete:
        return None
    before: list[list[int]] = [[] for _ in space.states]
    for source, edges in enumerate(space.edges):
        for edge in edges:
            before[edge.target].append(source)
    over = [at for at, (state, _) in enumerate(space.states) if state.outcome is not None]
    over += [*space.failed, *space.cut, *space.unbounded]
    ends = set(over)
    while over:
        for source in before[over.pop()]:
            if source not in ends:
                ends.add(source)
                over.append(source)
    seen, queue = set(), [root.target for root in space.roots]
    for at in queue:
        if at not in ends:
            return at
        for edge in space.edges[at]:
            if edge.target not in seen:
                seen.add(edge.target)
                queue.append(edge.target)
    return None


def _held_up(space: Space, at: int) -> Refusal | None:
    """The step that the life cycle refuses at or behind a marking without an end."""
    refused = [each for each in _refused(space, at) if not each.error.code.startswith("game.")]
    return min(refused, key=lambda each: isinstance(each.happening.stimulus, MessageArrived), default=None)


def _refused(space: Space, at: int) -> list[Refusal]:
    """What is refused at or behind a marking, the nearest first."""
    behind, queue = {at}, [at]
    for each in queue:
        for edge in space.edges[each]:
            if edge.target not in behind:
                behind.add(edge.target)
                queue.append(edge.target)
    order = {marking: number for number, marking in enumerate(queue)}
    return sorted((each for each in space.refusals if each.source in behind), key=lambda each: order[each.source])


def _waiting(space: Space, at: int) -> Node:
    state, _ = space.states[at]
    index = next((record[1] for record in state.waits.values() if record[3] == 0), None)
    if index is None:
        index = next((gate[0] for gate in state.gates.values()), 0)
    return space.model.net.nodes[index]


# -- the loop is closed ------------------------------------------------------------------------------------------------


def closed_loops(spaces: list[Space]) -> list[Found]:
    """What breaks CL-01: ends with something owed, orders that are cut off, steps the life cycle never lets through."""
    found: dict[tuple[str, str], Found] = {}
    for space in spaces:
        for each in (*_open_ends(space), *_cut(space), *_never_closed(space)):
            found.setdefault((each.code, each.node.id if each.node else ""), each)
    return list(found.values())


def _open_ends(space: Space) -> Iterator[Found]:
    shown = set()
    for at in nearest_first(space, range(len(space.states))):
        state, subject = space.states[at]
        if state.outcome is None or subject is None or subject.is_settled:
            continue
        short = _OWED.get(subject.state, "not_issued") if isinstance(subject, Directive) else "incident_open"
        course = course_to(space, at)
        node = _last(space.model.net, course[-1]["entered"] or [course[-1]["element"]])
        if (short, node) in shown:
            continue
        shown.add((short, node))
        params = {"name": label(node), "state": subject.state}
        yield Found("CL-01", f"cl_01_{short}", node, _SENTENCES[short].format(**params), params, course)


def _last(net: Net, entered: list[str]) -> Node:
    """The node a course ended at: the last end event, else the last node."""
    nodes = [net.node(id) for id in entered]
    return next((node for node in reversed(nodes) if node.kind is Kind.END), nodes[-1])


def _cut(space: Space) -> Iterator[Found]:
    for at in nearest_first(space, space.cut)[:1]:
        node = space.model.net.nodes[space.cut[at]]
        message = f"Expected the order in “{label(node)}” to be closed, but it can be cut off while it is at work."
        yield Found("CL-01", "cl_01_cut", node, message, {"name": label(node)}, course_to(space, at))


def _never_closed(space: Space) -> Iterator[Found]:
    at = first_endless(space)
    held_up = _held_up(space, at) if at is not None else None
    refusal = held_up or _nobody_can(space) or _never_accepted(space)
    if refusal is None:
        return
    node = _named(space, refusal) or refusal.happening.node
    message = f"Expected a move that the life cycle allows, but “{label(node)}” never can: {refusal.error.message}"
    params = {"name": label(node), "code": refusal.error.code}
    yield Found("CL-01", "cl_01_refused", node, message, params, course_to_refusal(space, refusal))


def _nobody_can(space: Space) -> Refusal | None:
    """An open item that, with some data, no answer completes: the life cycle refuses each of them."""
    refused: dict[tuple[int, int], list[Refusal]] = {}
    for refusal in space.refusals:
        stimulus = refusal.happening.stimulus
        if isinstance(stimulus, Complete) and not refusal.error.code.startswith("game."):
            refused.setdefault((refusal.source, stimulus.wait), []).append(refusal)
    hopeless = {}
    for (source, _), each in refused.items():
        answers = space.model.answers_of[each[0].happening.node.index] or ({},)
        if all(any(refusal.happening.stimulus.answers is one for refusal in each) for one in answers):  # type: ignore[union-attr]
            hopeless[source] = each[0]
    return next((hopeless[at] for at in nearest_first(space, hopeless)), None)


def _never_accepted(space: Space) -> Refusal | None:
    """An answer that a step offers and that the life cycle refuses wherever it is given."""
    accepted = {
        id(edge.happening.stimulus.answers)
        for edges in space.edges
        for edge in edges
        if isinstance(edge.happening.stimulus, Complete)
    }
    never: dict[int, Refusal] = {}
    for refusal in space.refusals:
        stimulus = refusal.happening.stimulus
        is_of_life_cycle = isinstance(stimulus, Complete) and not refusal.error.code.startswith("game.")
        if is_of_life_cycle and id(stimulus.answers) not in accepted:  # type: ignore[union-attr]
            never.setdefault(refusal.source, refusal)
    return next((never[at] for at in nearest_first(space, never)), None)
