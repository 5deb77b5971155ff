"""CL-02, CL-03, CL-05 and CL-08: who does a step, how long they have, and what happens where nobody answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.bpmn.net import HUMAN, Kind, Net, Node
from engine.bpmn.proof_city import Installation
from engine.bpmn.proof_found import Found, label
from engine.bpmn.proof_graph import Graph
from engine.bpmn.proof_path import frames_of_path
from engine.bpmn.proof_terms import Schema
from engine.domain.access import LOOP_DUTIES
from engine.domain.directive import LOOP_ROLES
from engine.domain.lifecycle import DIRECTIVE, INCIDENT, SYSTEM, TASK, Lifecycle

_DUTY_OF_ACTION = {
    "revise": "draft", "submit_for_review": "draft", "approve": "approve", "return_for_revision": "approve",
    "sign": "handle", "submit": "handle", "pass": "verify", "fail": "verify", "verify": "verify",
    "evaluate": "evaluate",
}  # fmt: skip
_REQUIRED = (("draft", "approve"), ("handle", "verify"), ("verify", "evaluate"), ("handle", "evaluate"))
_INCIDENT_ACTIONS = {"answer": "reject", "assign": "dispatch"}


class Duties:
    """The four rules over one net of a loop."""

    def __init__(self, net: Net, forms: Mapping[str, Schema], city: Installation, subject: str | None) -> None:
        self.net, self.forms, self.city, self.subject = net, forms, city, subject
        self.graph = Graph(net)

    def found(self) -> Iterator[Found]:
        """Every breach."""
        yield from self._separations()
        for node in self.net.nodes:
            if node.kind in HUMAN:
                yield from self._rights(node)
                yield from self._limits(node)
            yield from self._duty_is_taken(node)
            if node.loop == "accept":
                yield from self._hand_off_to_department(node)
            if node.multi is not None:
                yield from self._fan_out(node)
            if self._thrown(node) == "handoff.offer":
                yield from self._hand_off_to_centre(node)

    # -- CL-02: duties stay apart ----------------------------------------------------------------------------------

    def _separations(self) -> Iterator[Found]:
        there = {frozenset((rule.first, rule.second)) for rule in self.city.separations if rule.within == "subject"}
        for first, second in _REQUIRED:
            if self.subject == "directive" and frozenset((first, second)) not in there:
                message = f"Expected {first} and {second} kept apart in the profile, but the rule is not there."
                yield Found("CL-02", "cl_02_no_rule", None, message, {"first": first, "second": second})

    def _duty_is_taken(self, node: Node) -> Iterator[Found]:
        """Whoever takes on a duty of the loop must be recorded: a person, at a node with the loop's mark."""
        if self.subject != "directive":
            return
        name = {"name": label(node)}
        if node.loop is not None and node.loop in LOOP_DUTIES and self._needs_a_person(node):
            message = f"Expected a person at “{label(node)}”, but it is no human step, so nobody takes on its duty."
            yield Found("CL-02", "cl_02_no_person", node, message, name)
        if not node.loop and node.action in _DUTY_OF_ACTION:
            message = f"Expected the mark cl:loop on “{label(node)}”, but only cl:action moves it, past the duties."
            yield Found("CL-02", "cl_02_past_duties", node, message, name)
        yield from self._same_person(node)

    def _needs_a_person(self, node: Node) -> bool:
        return node.kind not in HUMAN and bool(LOOP_ROLES[node.loop or ""].completing)

    def _same_person(self, node: Node) -> Iterator[Found]:
        duty = LOOP_DUTIES.get(node.loop or "")
        if duty is None or node.assignee is None:
            return
        for other in self.net.nodes[: node.index]:
            apart = {duty, LOOP_DUTIES.get(other.loop or "", "")}
            if other.assignee == node.assignee and any(apart == set(pair) for pair in _REQUIRED):
                message = f"Expected two people, but “{label(node)}” and “{label(other)}” are given to the same one."
                yield Found("CL-02", "cl_02_same_person", node, message, {"name": label(node), "other": label(other)})

    def _rights(self, node: Node) -> Iterator[Found]:
        """A lane's role holds the permissions of the moves of its steps, so that somebody may do them."""
        name = {"name": label(node), "role": node.role or ""}
        if node.role is None:
            message = f"Expected a lane with cl:role around “{label(node)}”, but nobody is said to do it."
            yield Found("CL-02", "cl_02_no_role", node, message, name)
            return
        wrong = self.lacking(node, node.role)
        if wrong is not None:
            message = f"Expected a role that may do “{label(node)}”, but {wrong}."
            yield Found("CL-02", "cl_02_no_right", node, message, name)

    def lacking(self, node: Node, role: str) -> str | None:
        """What a role lacks to do a step, in words; None where it may."""
        held = self.city.permissions.get(role)
        if held is None:
            return f"{role!r} is no role of the city"
        missing = sorted(self._asked(node) - set(held))
        return f"{role} does not hold {missing[0]}" if missing else None

    def _asked(self, node: Node) -> set[str]:
        """The permissions that completing the node asks for."""
        asked: set[str] = set()
        if node.loop:
            for proposals in LOOP_ROLES[node.loop].completing.values():
                for proposal in proposals:
                    asked |= _permissions(DIRECTIVE if proposal.subject == "directive" else TASK, proposal.action)
        elif node.action and self.subject == "incident":
            asked |= _permissions(INCIDENT, _INCIDENT_ACTIONS.get(node.action, node.action))
        elif node.action:
            asked |= _permissions(TASK if node.action in TASK.actions else DIRECTIVE, node.action)
        return asked

    # -- CL-03: every step has a limit and somebody to call ----------------------------------------------------------

    def _limits(self, node: Node) -> Iterator[Found]:
        around = (node, *self.graph.around(node))
        stage = next((each.stage for each in around if each.stage), None)
        if stage is None:
            if not any(self._has_timer(each) for each in around):
                message = f"Expected a time limit for “{label(node)}”, but no clock runs there (cl:stage) and no timer."
                yield Found("CL-03", "cl_03_no_clock", node, message, {"name": label(node)})
            return
        missing = self.city.unlimited(stage)
        if missing is not None:
            message = f"Expected a policy of the stage {stage} for every type and level, but there is none for some."
            params = {"name": label(node), "stage": stage, "event_type": missing[0]}
            yield Found("CL-03", "cl_03_no_policy", node, message, params)
            return
        called = {recipient for p in self.city.policies if p.stage == stage for _, recipient in p.ladder.steps}
        for recipient, department in self.city.unfilled:
            if recipient in called:
                message = f"Expected somebody for {recipient} of {department}, but the post does not exist."
                params = {"name": label(node), "recipient": recipient, "department": department}
                yield Found("CL-03", "cl_03_nobody", node, message, params)

    def _has_timer(self, node: Node) -> bool:
        events = (self.net.nodes[index].event for index in node.boundaries)
        return any(event is not None and event.kind == "timer" for event in events)

    # -- CL-05: a hand-over is accepted, returned or chased ----------------------------------------------------------

    def _hand_off_to_department(self, node: Node) -> Iterator[Found]:
        schema = self.forms.get(node.form or "", {})
        decision = schema.get("properties", {}).get("decision", {})
        offered = set(decision.get("enum", ("sign", "return"))) if schema else {"sign", "return"}
        if "return" not in offered:
            message = f"Expected a way to return what “{label(node)}” takes over, but the form offers none."
            yield Found("CL-05", "cl_05_no_return", node, message, {"name": label(node)})
        elif schema and not _asks_reason(schema):
            message = f"Expected a return with a reason, but the form of “{label(node)}” asks for none."
            yield Found("CL-05", "cl_05_no_reason", node, message, {"name": label(node)})
        behind = self.graph.reachable(self.net.flows[flow].target for flow in node.outgoing)
        if "return" in offered and not any(self.net.nodes[each].action == "redispatch" for each in behind):
            message = f"Expected somebody who decides on a return of “{label(node)}”, but no step dispatches it again."
            yield Found("CL-05", "cl_05_no_decision", node, message, {"name": label(node)})
        if not any(each.stage or self._has_timer(each) for each in (node, *self.graph.around(node))):
            message = f"Expected that somebody is called where “{label(node)}” gets no answer, but nobody is."
            yield Found("CL-05", "cl_05_no_answer", node, message, {"name": label(node)})

    def _hand_off_to_centre(self, node: Node) -> Iterator[Found]:
        """An offer to another centre waits for its acceptance, its refusal and a limit that calls somebody."""
        behind = [self.net.nodes[index] for index in self.graph.reachable([node.index])]
        heard = {event.name for each in behind if (event := each.event) is not None and each.kind is not Kind.THROW}
        for answer, short in (("handoff.accept", "no_acceptance"), ("handoff.refuse", "no_return")):
            if answer not in heard:
                message = f"Expected a wait for {answer} behind “{label(node)}”, but there is none."
                way = frames_of_path(self.net, self.graph.path(node.index, self._is_end) or (node.index,))
                yield Found("CL-05", f"cl_05_{short}", node, message, {"name": label(node)}, way)
        timers = [each for each in behind if each.event is not None and each.event.kind == "timer"]
        if not any(self._calls_somebody(timer) for timer in timers):
            message = f"Expected that somebody is called where “{label(node)}” gets no answer, but nobody is."
            yield Found("CL-05", "cl_05_no_answer", node, message, {"name": label(node)})

    def _calls_somebody(self, timer: Node) -> bool:
        nodes = (self.net.nodes[index] for index in self.graph.reachable([timer.index]))
        return any(each.kind in HUMAN or (each.event is not None and each.event.kind == "escalation") for each in nodes)

    def _is_end(self, index: int) -> bool:
        return not self.net.nodes[index].outgoing

    def _thrown(self, node: Node) -> str | None:
        throws = node.kind in (Kind.THROW, Kind.SEND, Kind.END)
        return node.event.name if throws and node.event is not None and node.event.kind == "message" else None

    # -- CL-08: a fan-out has a rule and chases who is late ----------------------------------------------------------

    def _fan_out(self, node: Node) -> Iterator[Found]:
        within = [each for each in self.net.nodes if each.index == node.index or node in tuple(self.graph.around(each))]
        if not any(each.kind in HUMAN for each in within):
            return
        assert node.multi is not None
        by_rule = any(each.loop == "feedback" for each in within)  # the order's own completion rule decides
        if not by_rule and node.multi.completion is None and not self._has_timer(node):
            message = f"Expected a rule when “{label(node)}” is done, but it waits for all, however late."
            yield Found("CL-08", "cl_08_no_rule", node, message, {"name": label(node)})
        if not self._chases(node, within):
            message = f"Expected something that chases who is late at “{label(node)}”, but there is nothing."
            yield Found("CL-08", "cl_08_no_laggards", node, message, {"name": label(node)})

    def _chases(self, node: Node, within: list[Node]) -> bool:
        """A clock with its ladder on the leg or on every human step in it, or a timer on the whole."""
        if node.stage or self._has_timer(node):
            return True
        return all(each.stage or self._has_timer(each) for each in within if each.kind in HUMAN)


def _permissions(table: Lifecycle, action: str) -> set[str]:
    return {move.permission for move in table.moves if move.action == action and move.permission != SYSTEM}


def _asks_reason(schema: Schema) -> bool:
    """Whether the form asks for a reason, always or where the answer is a return."""
    if "reason" in schema.get("required", ()):
        return True
    rules = [schema, *schema.get("allOf", ())]
    for rule in rules:
        test = rule.get("if", {}).get("properties", {}).get("decision", {}).get("const")
        if test == "return" and "reason" in rule.get("then", {}).get("required", ()):
            return True
    return False
