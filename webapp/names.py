"""Names of what the city is made of, in the language of the request: departments, types, roles, nodes, forms."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, cast

from flask import Flask, g

from engine import shipped
from engine.domain.level import ROMAN
from engine.domain.org import DepartmentTree
from engine.services.questions.library import drawn_name

from .session import now, the_engine
from .text import language, named, t_or


def departments() -> DepartmentTree:
    """The departments of the city, as this request knows them."""
    if "departments" not in g:
        engine = the_engine()
        g.departments = engine.read(engine.city.tree)
    return cast(DepartmentTree, g.departments)


def department(id_or_code: str | None) -> str:
    """The name of a department by its id or code; a dash for none, the code itself for one that is gone."""
    if not id_or_code:
        return "–"
    tree = departments()
    found = tree.department(id_or_code) if id_or_code in tree else tree.by_code(id_or_code)
    return id_or_code if found is None else named(found.name_zh, found.name_en)


def event_type(code: str | None) -> str:
    """The name of an event type."""
    known = the_engine().city.profile.event_types.get(code or "")
    return (code or "–") if known is None else named(known.name_zh, known.name_en)


def offered(likely: Iterable[str] = ()) -> list[str]:
    """The codes of the departments an order may address: the likely ones first, then bureaus, then territories."""
    tree = departments()
    first = dict.fromkeys(likely)
    rest = [each for each in tree.all() if each.centre_kind is None and each.code not in first]
    rest.sort(key=lambda each: (each.level != "city", each.level != "district", each.code))
    return [*first, *(each.code for each in rest)]


def event_types() -> list[str]:
    """The codes of the city's event types, in order."""
    return sorted(the_engine().city.profile.event_types)


def role(id: str) -> str:
    """The name of a role."""
    known = the_engine().city.profile.role_names.get(id)
    return id if known is None else named(*known)


def roman(level: int | None) -> str:
    """The level as the law writes it, I to IV; nothing without one."""
    return "" if level is None else ROMAN[level - 1]


@cache
def _process(process_id: str, language: str) -> Mapping[str, Any]:
    """The texts that travel with a process; none for one that was uploaded without."""
    file = Path(shipped.path("processes")) / "loops" / process_id / f"texts.{language}.toml"
    return tomllib.loads(file.read_text("utf-8")) if process_id.isidentifier() and file.is_file() else {}


def process(process_id: str) -> str:
    """The title of a process: of the texts that travel with it, else as it is drawn, else its id."""
    known = _process(process_id, language()).get("title")
    return str(known) if known else _drawn(process_id) or process_id


def _drawn(process_id: str) -> str:
    """How the newest version of a process is called on its drawing; asked once in a request."""
    titles: dict[str, str] = g.setdefault("drawn_titles", {})
    if process_id not in titles:
        engine = the_engine()
        titles[process_id] = engine.read(drawn_name, engine.city, process_id)
    return titles[process_id]


def node(process_id: str, node_id: str, fallback: str = "") -> str:
    """The name of a node: of the process's texts, else as drawn."""
    return str(_process(process_id, language()).get("nodes", {}).get(node_id) or fallback or node_id)


def remedy(process_id: str, node_id: str) -> str:
    """What helps whoever is stuck at a node; nothing where the process does not say."""
    return str(_process(process_id, language()).get("remedies", {}).get(node_id, ""))


def form_texts(process_id: str, form: str | None) -> Mapping[str, Any]:
    """Title, field names and options of a form, as far as the process brings them."""
    found = _process(process_id, language()).get("forms", {}).get(form or "", {})
    return cast(Mapping[str, Any], found)


def state(kind: str, state: str | None) -> str:
    """The name of a state of a life cycle."""
    return t_or(f"state.{kind}.{state}", state or "–")


def stage(id: str) -> str:
    """The name of the stage a clock counts."""
    return t_or(f"state.stage.{id}", id)


def install(app: Flask) -> None:
    """Make them known to templates."""
    app.jinja_env.globals.update(
        department=department, event_type=event_type, role_name=role, roman=roman, process_title=process,
        node_name=node, form_texts=form_texts, remedy=remedy, state_name=state, stage_name=stage, now=now,
    )  # fmt: skip
