"""The first page: for visitors what they can do here, for staff their own desk."""

from __future__ import annotations

from flask import redirect, render_template, url_for
from werkzeug.wrappers import Response

from webapp.guard import PUBLIC, Area, menu
from webapp.session import is_signed_in

area = Area("home")


@area.page("/", permission=PUBLIC)
def start() -> Response | str:
    """The desk of whoever is signed in: the first page of their menu. Visitors may report, follow or sign in."""
    if not is_signed_in():
        return render_template("home/welcome.html")
    return redirect(url_for(menu()[0].endpoint))  # the help is in everybody's menu, so there is always one
