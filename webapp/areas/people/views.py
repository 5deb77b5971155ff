"""Units and people, to read: who holds which post where."""

from __future__ import annotations

from flask import render_template

from engine.services.questions.people import holders
from webapp import names
from webapp.guard import SIGNED_IN, Area, MenuItem
from webapp.session import the_engine

area = Area("people", url_prefix="/people", menu=(MenuItem("people.people", "people", 60),))


@area.page("/", permission=SIGNED_IN)
def people() -> str:
    """The department tree with those who hold a post now."""
    tree = names.departments()
    ordered = sorted(tree.all(), key=lambda each: [tree.department(id_).code for id_ in reversed(tree.path(each.id))])
    return render_template("people/people.html", tree=tree, departments=ordered, holders=the_engine().read(holders))
