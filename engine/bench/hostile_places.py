"""Every place of a BPMN file in which some engine evaluates text, and those in which a designer may write freely.

A place is a function from the text to what a file holds: inside the process, and beside it. The element that must be
named when the text is hostile has an id that begins with `target`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

Place = Callable[[str], tuple[str, str]]

_NAMESPACES = (
    'xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:cl="urn:cityloop:bpmn:1" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:operaton="http://operaton.org/schema/1.0/bpmn" xmlns:flowable="http://flowable.org/bpmn" '
    'xmlns:activiti="http://activiti.org/bpmn" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" '
    'xmlns:spiff="http://spiffworkflow.org/bpmn/schema/1.0/core" targetNamespace="urn:hostile" id="definitions"'
)


def file_of(inside: str, beside: str = "") -> bytes:
    """A file with one process."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<definitions {_NAMESPACES}>{beside}\n'
        f'<process id="p" isExecutable="true">\n{inside}\n</process></definitions>'
    ).encode()


def line(*elements: str) -> str:
    """A process of elements in a row, each written with its id first: start, these, end."""
    ids = ["start", *(each.split('id="', 1)[1].split('"', 1)[0] for each in elements), "end"]
    flows = "".join(
        f'<sequenceFlow id="f{number}" sourceRef="{source}" targetRef="{target}"/>'
        for number, (source, target) in enumerate(pairwise(ids))
    )
    return '<startEvent id="start"/>' + "".join(elements) + '<endEvent id="end"/>' + flows


def _text(template: str, beside: str = "") -> Place:
    """A place for element text: `{}` in an activity, an event or a flow between start and end."""
    return lambda text: (line(template.replace("{}", escape(text))), beside)


def _attribute(template: str, beside: str = "") -> Place:
    """A place for an attribute: `{}` stands where the quoted value goes."""
    return lambda text: (line(template.replace("{}", quoteattr(text))), beside)


def _whole(template: str, beside: str = "") -> Place:
    """A place for element text in a process that is written out."""
    return lambda text: (template.replace("{}", escape(text)), beside.replace("{}", escape(text)))


def _beside(template: str, inside: str) -> Place:
    return lambda text: (inside, template.replace("{}", escape(text)).replace("{@}", quoteattr(text)))


_TASK = '<userTask id="target">{inside}</userTask>'


def _on(kind: str, attribute: str, inside: str = "") -> Place:
    """An attribute `attribute` of an activity."""
    return _attribute(f'<{kind} id="target" {attribute}={{}}>{inside}</{kind}>')


def _extension(kind: str, inside: str, more: str = "") -> Place:
    """Element text or quoted attribute (`{@}`) in the extension elements of an activity."""

    def place(text: str) -> tuple[str, str]:
        filled = inside.replace("{@}", quoteattr(text)).replace("{}", escape(text))
        return line(f'<{kind} id="target" {more}><extensionElements>{filled}</extensionElements></{kind}>'), ""

    return place


def _split(gateway: str) -> Place:
    return _whole(
        f'<startEvent id="start"/><{gateway} id="g" default="no"/><userTask id="a"/><endEvent id="end"/>'
        '<sequenceFlow id="f1" sourceRef="start" targetRef="g"/><sequenceFlow id="f2" sourceRef="a" targetRef="end"/>'
        '<sequenceFlow id="no" sourceRef="g" targetRef="end"/><sequenceFlow id="target" sourceRef="g" targetRef="a">'
        '<conditionExpression xsi:type="tFormalExpression">{}</conditionExpression></sequenceFlow>'
    )


def _timer(kind: str) -> str:
    return f'<timerEventDefinition id="target_timer"><{kind}>{{}}</{kind}></timerEventDefinition>'


_CONDITION = '<conditionalEventDefinition id="target_c"><condition>{}</condition></conditionalEventDefinition>'
_MESSAGE = '<message id="m" name="news"/>'


def _boundary(definition: str) -> Place:
    return _whole(
        line('<userTask id="a"/>')
        + f'<boundaryEvent id="target" attachedToRef="a">{definition}</boundaryEvent>'
        + '<sequenceFlow id="fb" sourceRef="target" targetRef="end"/>'
    )


def _start(definition: str) -> Place:
    return _whole(
        f'<startEvent id="target">{definition}</startEvent><userTask id="a"/><endEvent id="end"/>'
        '<sequenceFlow id="f1" sourceRef="target" targetRef="a"/><sequenceFlow id="f2" sourceRef="a" targetRef="end"/>'
    )


def _event_start(definition: str) -> Place:
    return _whole(
        line('<userTask id="a"/>')
        + f'<subProcess id="e" triggeredByEvent="true"><startEvent id="target">{definition}</startEvent>'
        '<endEvent id="e2"/><sequenceFlow id="fe" sourceRef="target" targetRef="e2"/></subProcess>'
    )


def _loop(inside: str, more: str = "") -> Place:
    marker = f'<multiInstanceLoopCharacteristics id="target_loop" {more}>{inside}</multiInstanceLoopCharacteristics>'
    return _text(f'<userTask id="target">{marker}</userTask>')


def _loop_attribute(attribute: str, inside: str = "<loopCardinality>2</loopCardinality>") -> Place:
    marker = f"<multiInstanceLoopCharacteristics {attribute}={{}}>{inside}</multiInstanceLoopCharacteristics>"
    return _attribute(f'<userTask id="target">{marker}</userTask>')


def _extension_of_loop(inside: str) -> Place:
    held = f"<extensionElements>{inside}</extensionElements>"
    marker = f"<multiInstanceLoopCharacteristics>{held}</multiInstanceLoopCharacteristics>"
    return _attribute(f'<userTask id="target">{marker}</userTask>')


_ADHOC = (
    '<adHocSubProcess id="target"><userTask id="inner"/><completionCondition>{}</completionCondition></adHocSubProcess>'
)
_CORRELATED = line('<receiveTask id="a" messageRef="m"/>')
_PROPERTY = '<correlationProperty id="target_p" name="k"><correlationPropertyRetrievalExpression messageRef="m">'
_RECEIVE = '<receiveTask id="target" messageRef="m">{}</receiveTask>'

STANDARD: Mapping[str, Place] = {
    "exclusive condition": _split("exclusiveGateway"),
    "inclusive condition": _split("inclusiveGateway"),
    "condition behind an activity": _split("userTask"),
    "activation of a complex gateway": _text(
        '<complexGateway id="target"><activationCondition>{}</activationCondition></complexGateway>'
    ),
    **{
        f"{kind} of a catch event": _text(
            f'<intermediateCatchEvent id="target">{_timer(kind)}</intermediateCatchEvent>'
        )
        for kind in ("timeDuration", "timeDate", "timeCycle")
    },
    **{f"{kind} of a start event": _start(_timer(kind)) for kind in ("timeDuration", "timeDate", "timeCycle")},
    **{f"{kind} of a boundary event": _boundary(_timer(kind)) for kind in ("timeDuration", "timeDate", "timeCycle")},
    "timer of an event sub-process": _event_start(_timer("timeDuration")),
    "condition of a catch event": _text(f'<intermediateCatchEvent id="target">{_CONDITION}</intermediateCatchEvent>'),
    "condition of a boundary event": _boundary(_CONDITION),
    "condition of a start event": _start(_CONDITION),
    "condition of an event sub-process": _event_start(_CONDITION),
    "condition of a standard loop": _text(
        '<userTask id="target"><standardLoopCharacteristics><loopCondition>{}</loopCondition>'
        "</standardLoopCharacteristics></userTask>"
    ),
    "cardinality": _loop("<loopCardinality>{}</loopCardinality>"),
    "completion of a multi-instance": _loop(
        "<loopCardinality>2</loopCardinality><completionCondition>{}</completionCondition>"
    ),
    "input data of a multi-instance": _loop("<loopDataInputRef>{}</loopDataInputRef>"),
    "output data of a multi-instance": _loop(
        "<loopCardinality>2</loopCardinality><loopDataOutputRef>{}</loopDataOutputRef>"
    ),
    "completion of an ad-hoc sub-process": _text(_ADHOC),
    "script in python": _text('<scriptTask id="target" scriptFormat="python"><script>{}</script></scriptTask>'),
    "script in groovy": _text('<scriptTask id="target" scriptFormat="groovy"><script>{}</script></scriptTask>'),
    "script in javascript": _text('<scriptTask id="target" scriptFormat="javascript"><script>{}</script></scriptTask>'),
    "script in no language": _text('<scriptTask id="target"><script>{}</script></scriptTask>'),
    "message path of a correlation": _beside(
        _MESSAGE + _PROPERTY + "<messagePath>{}</messagePath></correlationPropertyRetrievalExpression>"
        "</correlationProperty>",
        _CORRELATED,
    ),
    "data path of a correlation": _whole(
        _CORRELATED + '<correlationSubscription id="target_s" correlationKeyRef="ck"><correlationPropertyBinding '
        'id="target_b" correlationPropertyRef="cp"><dataPath>{}</dataPath></correlationPropertyBinding>'
        "</correlationSubscription>",
        _MESSAGE + '<correlationProperty id="cp"/>',
    ),
    "assignment of a data association": _text(
        '<userTask id="target"><dataInputAssociation id="target_d"><targetRef>x</targetRef><assignment>'
        "<from>{}</from><to>x</to></assignment></dataInputAssociation></userTask>"
    ),
    "transformation of a data association": _text(
        '<userTask id="target"><dataOutputAssociation id="target_d"><targetRef>x</targetRef>'
        "<transformation>{}</transformation></dataOutputAssociation></userTask>"
    ),
    "who may do a task": _text(
        '<userTask id="target"><potentialOwner id="target_o"><resourceAssignmentExpression>'
        "<formalExpression>{}</formalExpression></resourceAssignmentExpression></potentialOwner></userTask>"
    ),
    "called process": _on("callActivity", "calledElement"),
}
"""Places of the standard."""

OURS: Mapping[str, Place] = {
    "cl:assignee": _on("userTask", "cl:assignee"),
    "cl:collection": _loop_attribute("cl:collection", ""),
    "cl:element": _loop_attribute("cl:element"),
    "cl:in": _extension("callActivity", '<cl:in source={@} target="x"/>', 'calledElement="q"'),
    "cl:out": _extension("callActivity", '<cl:out source={@} target="x"/>', 'calledElement="q"'),
    "cl:out target": _extension("callActivity", '<cl:out source="x" target={@}/>', 'calledElement="q"'),
}
"""Places of our namespace."""

_LISTENED = '<{tag} event="{event}"><camunda:script scriptFormat="groovy">{{}}</camunda:script></{tag}>'
_EXECUTION = _LISTENED.format(tag="camunda:executionListener", event="start")
_ON_TASK = _LISTENED.format(tag="camunda:taskListener", event="create")

VENDORS: Mapping[str, Place] = {
    "script of an execution listener": _extension("userTask", _EXECUTION),
    "script of a task listener": _extension("userTask", _ON_TASK),
    "expression of a listener": _extension("userTask", '<camunda:executionListener event="end" expression={@}/>'),
    "class of a listener": _extension("userTask", '<operaton:executionListener event="end" class={@}/>'),
    "bean of a listener": _extension("userTask", '<flowable:taskListener event="create" delegateExpression={@}/>'),
    "expression of a service": _on("serviceTask", 'camunda:resultVariable="x" camunda:expression'),
    "class of a service": _on("serviceTask", "operaton:class"),
    "bean of a service": _on("serviceTask", "flowable:delegateExpression"),
    "field of a service": _extension(
        "serviceTask", '<activiti:field name="x"><activiti:expression>{}</activiti:expression></activiti:field>'
    ),
    "connector of a service": _extension(
        "serviceTask",
        "<camunda:connector><camunda:inputOutput><camunda:inputParameter name='url'>{}</camunda:inputParameter>"
        "</camunda:inputOutput><camunda:connectorId>http-connector</camunda:connectorId></camunda:connector>",
    ),
    "type of a job": _extension("serviceTask", "<zeebe:taskDefinition type={@}/>"),
    "input of a job": _extension(
        "serviceTask",
        '<zeebe:taskDefinition type="t"/><zeebe:ioMapping><zeebe:input source={@} target="x"/></zeebe:ioMapping>',
    ),
    "output of a job": _extension(
        "serviceTask",
        '<zeebe:taskDefinition type="t"/><zeebe:ioMapping><zeebe:output source={@} target="x"/></zeebe:ioMapping>',
    ),
    "script of a job": _extension("scriptTask", '<zeebe:script expression={@} resultVariable="x"/>'),
    "decision of a job": _extension("businessRuleTask", '<zeebe:calledDecision decisionId={@} resultVariable="x"/>'),
    "decision": _on("businessRuleTask", "camunda:decisionRef"),
    "input parameter": _extension(
        "userTask",
        '<camunda:inputOutput><camunda:inputParameter name="x">{}</camunda:inputParameter></camunda:inputOutput>',
    ),
    "script of an input parameter": _extension(
        "userTask",
        '<camunda:inputOutput><camunda:inputParameter name="x"><camunda:script scriptFormat="js">{}</camunda:script>'
        "</camunda:inputParameter></camunda:inputOutput>",
    ),
    "output parameter": _extension(
        "userTask",
        '<camunda:inputOutput><camunda:outputParameter name="x">{}</camunda:outputParameter></camunda:inputOutput>',
    ),
    "mapping in": _extension("callActivity", '<camunda:in sourceExpression={@} target="x"/>', 'calledElement="q"'),
    "mapping out": _extension("callActivity", '<camunda:out source={@} target="x"/>', 'calledElement="q"'),
    "input of a call": _extension(
        "callActivity",
        '<zeebe:calledElement processId="q"/><zeebe:ioMapping><zeebe:input source={@} target="x"/></zeebe:ioMapping>',
    ),
    "process of a call": _extension("callActivity", "<zeebe:calledElement processId={@}/>"),
    "assignee": _on("userTask", "camunda:assignee"),
    "candidate groups": _on("userTask", "operaton:candidateGroups"),
    "candidate users": _on("userTask", "flowable:candidateUsers"),
    "due date": _on("userTask", "camunda:dueDate"),
    "priority": _on("userTask", "camunda:priority"),
    "assignment of a job": _extension("userTask", "<zeebe:assignmentDefinition assignee={@} candidateGroups={@}/>"),
    "schedule of a job": _extension("userTask", "<zeebe:taskSchedule dueDate={@}/>"),
    "collection": _loop_attribute("camunda:collection", ""),
    "element variable": _loop_attribute("flowable:elementVariable"),
    "input collection": _extension_of_loop("<zeebe:loopCharacteristics inputCollection={}/>"),
    "default of a form field": _extension(
        "userTask", '<camunda:formData><camunda:formField id="x" type="string" defaultValue={@}/></camunda:formData>'
    ),
    "validation of a form field": _extension(
        "userTask",
        '<camunda:formData><camunda:formField id="x" type="string"><camunda:validation><camunda:constraint '
        'name="validator" config={@}/></camunda:validation></camunda:formField></camunda:formData>',
    ),
    "form key": _on("userTask", "camunda:formKey"),
    "key of a subscription": _beside(
        '<message id="target_m" name="news"><extensionElements><zeebe:subscription correlationKey={@}/>'
        "</extensionElements></message>",
        line('<receiveTask id="target" messageRef="target_m"/>'),
    ),
    "script before a task": _extension("userTask", "<spiff:preScript>{}</spiff:preScript>"),
    "script after a task": _extension("userTask", "<spiff:postScript>{}</spiff:postScript>"),
    "parameter of a spiff service": _extension(
        "serviceTask",
        '<spiff:serviceTaskOperator id="http/Get"><spiff:parameters><spiff:parameter id="url" type="str" value={@}/>'
        "</spiff:parameters></spiff:serviceTaskOperator>",
    ),
    "payload of a spiff message": _beside(
        '<message id="target_m" name="news"><extensionElements><spiff:messagePayload>{}</spiff:messagePayload>'
        "</extensionElements></message>",
        line('<sendTask id="target" messageRef="target_m"/>'),
    ),
    "skip": _on("userTask", "flowable:skipExpression"),
}
"""Places in the words of other engines."""

LABELS: Mapping[str, Place] = {
    "name of a node": _on("userTask", "name"),
    "documentation": _text('<userTask id="target"><documentation>{}</documentation></userTask>'),
    "annotation": _whole(line('<userTask id="a"/>') + '<textAnnotation id="target"><text>{}</text></textAnnotation>'),
    "name of a lane": lambda text: (
        f'<laneSet id="s"><lane id="target" name={quoteattr(text)}><flowNodeRef>a</flowNodeRef></lane></laneSet>'
        + line('<userTask id="a"/>'),
        "",
    ),
    "name of a message": _beside('<message id="m" name={@}/>', line('<receiveTask id="target" messageRef="m"/>')),
    "name of a signal": _beside(
        '<signal id="s" name={@}/>',
        line('<intermediateThrowEvent id="target"><signalEventDefinition signalRef="s"/></intermediateThrowEvent>'),
    ),
    "code of an error": _beside(
        '<error id="e" errorCode={@}/>',
        line('<userTask id="a"/>') + '<boundaryEvent id="target" attachedToRef="a"><errorEventDefinition errorRef="e"/>'
        '</boundaryEvent><sequenceFlow id="fb" sourceRef="target" targetRef="end"/>',
    ),
    "word of an unknown tool": _on("userTask", 'xmlns:tool="urn:tool" tool:note'),
}
"""Places whose text is only shown, never evaluated: whatever stands there is a name."""

EVALUATED: Mapping[str, Place] = {**STANDARD, **OURS, **VENDORS}

HOLES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("assignee", "candidate groups", "candidate users", "due date", "priority", "input parameter"), ("${", "#{")
    ),
    **dict.fromkeys(("output parameter", "expression of a service"), ("${", "#{")),
    "who may do a task": ("${", "#{", "="),
    **dict.fromkeys(("type of a job", "input of a job", "output of a job", "input of a call"), ("=",)),
    **dict.fromkeys(("assignment of a job", "schedule of a job", "process of a call"), ("=",)),
}
"""Places in which a text is a constant unless it begins or is opened like this: only then it is an attack."""
