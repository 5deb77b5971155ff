"""Forms that a file draws itself become forms of ours: a JSON schema each, named in `cl:form` of its step.

Camunda, Operaton, Flowable and Activiti list fields in the step, Camunda 8 keeps its own JSON in the process. A form
with a field that ours cannot hold stays as it is, for people to read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lxml.etree import QName, _Element

from engine.bpmn.normalise_mappings import remove
from engine.bpmn.tree import CL, VENDORS, attribute, id_of, local
from engine.bpmn.vendor_words import family_of
from engine.errors import Rejected

Adopted = tuple[str, str | None, str | None]
Schemas = dict[str, Mapping[str, Any]]

_TYPES: Mapping[str, Mapping[str, Any]] = {
    **{name: {"type": "integer"} for name in ("long", "int", "integer")},
    **{name: {"type": "number"} for name in ("double", "float", "number")},
    **{name: {"type": "boolean"} for name in ("boolean", "checkbox")},
    **{name: {"type": "string", "format": "date"} for name in ("date", "datetime")},
}
_LIMITS = {"min": "minimum", "max": "maximum", "minlength": "minLength", "maxlength": "maxLength"}
_SHOWN_ONLY = frozenset({"button", "group", "html", "image", "separator", "spacer", "text", "expression"})


def adopt(element: _Element, name: str, forms: Schemas) -> Iterator[Adopted]:
    """Writes the forms that stand in `element` into `forms`, their names into it: (what, before, after) for each."""
    holders = [child for child in element if local(child) == "extensionElements"]
    theirs = [each for holder in holders for each in holder if isinstance(each.tag, str)]
    if name == "process":
        for each in theirs:
            if family_of(QName(each).namespace) == "zeebe" and QName(each).localname == "userTaskForm":
                yield from _adopt_bundled(each, forms)
    elif name in ("userTask", "startEvent") and element.get(f"{{{CL}}}form") is None:
        drawn = [each for each in theirs if family_of(QName(each).namespace) == "engine"]
        drawn = [each for each in drawn if QName(each).localname in ("formData", "formProperty")]
        fields = [field for each in drawn for field in _fields_of(each)]
        form = _free(f"{id_of(element)}_form", forms)
        if fields and _keep(form, attribute(element, "name") or "", map(_drawn_field, fields), forms):
            element.set(f"{{{CL}}}form", form)
            for each in drawn:
                remove(each)
            for word in dict.fromkeys(f"{VENDORS[QName(e).namespace or '']}:{QName(e).localname}" for e in drawn):
                yield f"{word} as cl:form", None, form


def _fields_of(drawn: _Element) -> list[_Element]:
    """The fields of a list of them, or the one field that an element is."""
    if QName(drawn).localname == "formProperty":
        return [drawn]
    return [each for each in drawn if isinstance(each.tag, str) and QName(each).localname == "formField"]


def _free(name: str, forms: Schemas) -> str:
    while name in forms:
        name += "_"
    return name


def _keep(form: str, title: str, fields: Iterable[tuple[str, dict[str, Any], bool]], forms: Schemas) -> bool:
    """Notes a form, where ours can hold every field: a name, a schema, and whether it must be filled in."""
    listed = list(fields)
    schema: dict[str, Any] = {"type": "object", "properties": {name: field for name, field, _ in listed}}
    schema |= {"title": title} if title else {}
    schema |= {"required": [name for name, _, wanted in listed if wanted]} if any(row[2] for row in listed) else {}
    from engine.forms import compile_form  # here, because most files draw no form and its import costs 60 ms

    try:
        compile_form(schema)
    except Rejected:
        return False
    forms[form] = schema
    return True


def _drawn_field(field: _Element) -> tuple[str, dict[str, Any], bool]:
    """A field of a step: `formField` with its validation, or `formProperty`."""
    schema: dict[str, Any] = dict(_TYPES.get(attribute(field, "type") or "", {"type": "string"}))
    title = attribute(field, "label") or attribute(field, "name")
    schema |= {"title": title} if title else {}
    values = [attribute(each, "id") for each in field if isinstance(each.tag, str) and QName(each).localname == "value"]
    if values and schema["type"] == "string":
        schema["enum"] = [value for value in values if value]
    limits = {attribute(each, "name"): attribute(each, "config") for each in field.iter("{*}constraint")}
    for theirs, ours in _LIMITS.items():
        if (limit := limits.get(theirs)) is not None and limit.lstrip("-").isdecimal():
            schema[ours] = int(limit)
    default = _typed(attribute(field, "defaultValue") or attribute(field, "default"), schema)
    schema |= {"default": default} if default is not None else {}
    if "readonly" in limits or attribute(field, "writable") == "false":
        schema["readOnly"] = True
    return attribute(field, "id") or "", schema, "required" in limits or attribute(field, "required") == "true"


def _typed(text: str | None, schema: Mapping[str, Any]) -> Any:
    """A default as the type of its field; None for an expression or what does not fit."""
    if text is None or "${" in text or "#{" in text:
        return None
    if schema["type"] == "boolean":
        return text == "true"
    if schema["type"] in ("integer", "number"):
        return int(text) if text.lstrip("-").isdecimal() else None
    return text if text in schema.get("enum", (text,)) and "format" not in schema else None


def _adopt_bundled(theirs: _Element, forms: Schemas) -> Iterator[Adopted]:
    """A form of Camunda 8 that stands in the file as JSON."""
    name = attribute(theirs, "id")
    try:
        drawn = json.loads(theirs.text or "")
        fields = [_bundled_field(each) for each in drawn["components"] if each.get("type") not in _SHOWN_ONLY]
    except (ValueError, LookupError, TypeError, AttributeError):
        return
    if name and name not in forms and _keep(name, "", fields, forms):
        remove(theirs)
        yield "zeebe:userTaskForm as form", None, name


def _bundled_field(drawn: Mapping[str, Any]) -> tuple[str, dict[str, Any], bool]:
    schema: dict[str, Any] = dict(_TYPES.get(str(drawn.get("type")), {"type": "string"}))
    if drawn.get("label"):
        schema["title"] = str(drawn["label"])
    values = [str(each["value"]) for each in drawn.get("values") or () if each.get("value")]
    if values:
        schema["enum"] = values
    validation = drawn.get("validate") or {}
    for theirs, ours in {**_LIMITS, "minLength": "minLength", "maxLength": "maxLength"}.items():
        if isinstance(limit := validation.get(theirs), int) and not isinstance(limit, bool):
            schema[ours] = limit
    return str(drawn["key"]), schema, bool(validation.get("required"))
