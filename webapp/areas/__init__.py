"""The areas of the product: each holds its pages (`views`), the shapes of its forms (`forms`) and its menu entries."""

from __future__ import annotations

from webapp.guard import Area

from .account.views import area as account
from .audit.views import area as audit
from .board.views import area as board
from .designer.views import area as designer
from .guide.views import area as guide
from .health.views import area as health
from .help.views import area as help_pages
from .home.views import area as home
from .inbox.views import area as inbox
from .incidents.views import area as incidents
from .instances.views import area as instances
from .intake.views import area as intake
from .library.version import area as library
from .live.views import area as live
from .orders.views import area as orders
from .people.views import area as people
from .reports.views import area as reports
from .work.views import area as work

AREAS: tuple[Area, ...] = (
    account, audit, board, designer, guide, health, help_pages, home, inbox, incidents, instances, intake, library,
    live, orders, people, reports, work,
)  # fmt: skip
