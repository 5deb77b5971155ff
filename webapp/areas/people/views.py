"""Units and people, to read: who holds which post where."""

from __future__ import annotations

from flask import render_template, request

from engine.domain.org import Department
from engine.services.questions.people import holders
from webapp import names
from webapp.guard import SIGNED_IN, Area, MenuItem
from webapp.session import the_engine

area = Area("people", url_prefix="/people", menu=(MenuItem("people.people", "people", 60),))


LEVELS = ("city", "district", "street", "community")
"""Groups of units, from the top of the tree down; a level that the list does not know comes last."""


@area.page("/", permission=SIGNED_IN)
def people() -> str:
    """The units by level with those who hold a post now; with `q` those whose name, code or people hold it."""
    tree, held = names.departments(), the_engine().read(holders)
    query = request.args.get("q", "").strip()[:60]
    ordered = sorted(tree.all(), key=lambda each: [tree.department(id_).code for id_ in reversed(tree.path(each.id))])
    found: dict[str, list[Department]] = {level: [] for level in LEVELS}
    for each in ordered:
        said = [each.name_zh, each.name_en, each.code, *(holder.name for holder in held.get(each.id, ()))]
        if any(query.casefold() in word.casefold() for word in said):
            found.setdefault(each.level, []).append(each)
    groups = [(level, departments) for level, departments in found.items() if departments]
    return render_template("people/people.html", groups=groups, holders=held, query=query)
