"""Shapes of API v1 (marshmallow). Instants are RFC 3339 with offset; additions only, never another meaning."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from engine.domain.directive import COMPLETION_RULES, DIRECTIVE_KINDS, ISSUE_MODES

_LEVEL = validate.Range(1, 4)
MOST = 200
PLAIN = validate.Regexp(r"^[^\x00]*$", error="Expected text without NUL.")
CODE = (validate.Length(min=1, max=40), PLAIN)
ID = validate.Regexp(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")


class Problem(Schema):
    """A refusal (RFC 9457): `code` is stable, `title` is for people, `request` finds the log and the ledger row."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True)
    params = fields.Dict(required=True)
    element = fields.String(required=True, allow_none=True)
    request = fields.String(required=True, allow_none=True)
    findings = fields.List(fields.Dict())


class Page(Schema):
    """Where a list goes on: `next` of the page before, and how many rows at most."""

    after = fields.String(validate=validate.Regexp(r"^[A-Za-z0-9_-]{1,400}$"))
    limit = fields.Integer(load_default=50, validate=validate.Range(1, MOST))


class Write(Schema):
    """What every write carries: a key under which it is carried out once, for 24 hours."""

    key = fields.String(data_key="Idempotency-Key", required=True, validate=validate.Regexp(r"^[A-Za-z0-9._:-]{8,64}$"))


class SeenWrite(Write):
    """A write on something that has a revision: the one that was seen, as its ETag."""

    if_match = fields.String(data_key="If-Match", required=True, validate=validate.Regexp(r'^"[0-9]{1,9}"$'))


class Me(Schema):
    """Whose token this is, what it is for, and the posts held now."""

    person_id = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    roles = fields.List(fields.String(), required=True)


class About(Schema):
    """What an item or clock is about."""

    incident_id = fields.String(required=True)
    incident_number = fields.String(required=True)
    event_type = fields.String(required=True)
    level = fields.Integer(required=True, allow_none=True)
    directive_id = fields.String(required=True, allow_none=True)
    directive_number = fields.String(required=True, allow_none=True)
    objective = fields.String(required=True, allow_none=True)


class ItemRow(Schema):
    """An open item in an inbox."""

    instance_id = fields.String(required=True)
    wait = fields.Integer(required=True)
    process_id = fields.String(required=True)
    node_id = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)
    department_id = fields.String(required=True)
    opened_at = fields.AwareDateTime(required=True)
    due_at = fields.AwareDateTime(required=True, allow_none=True)
    claimed_by = fields.String(required=True, allow_none=True)
    revision = fields.Integer(required=True)
    about = fields.Nested(About, required=True, allow_none=True)


class Item(ItemRow):
    """An open item with the JSON Schema of its form."""

    form = fields.String(required=True, allow_none=True)
    schema = fields.Dict(required=True, allow_none=True)


class Inbox(Schema):
    """One page of an inbox; `next` is there while there is another."""

    items = fields.List(fields.Nested(ItemRow), required=True)
    next = fields.String(required=True, allow_none=True)


class Answers(Schema):
    """The answers to an item's form."""

    answers = fields.Dict(keys=fields.String(), required=True)


class Done(Schema):
    """What became of an item: whether its instance ended with it."""

    instance_id = fields.String(required=True)
    wait = fields.Integer(required=True)
    ended = fields.String(required=True, allow_none=True)


class Held(Schema):
    """An item taken or given back, in its new revision."""

    instance_id = fields.String(required=True)
    wait = fields.Integer(required=True)
    revision = fields.Integer(required=True)


class IncidentRow(Schema):
    """An incident in a list."""

    id = fields.String(required=True)
    number = fields.String(required=True)
    state = fields.String(required=True)
    event_type = fields.String(required=True)
    level = fields.Integer(required=True, allow_none=True)
    grid_cell_code = fields.String(required=True, allow_none=True)
    lead_department_id = fields.String(required=True, allow_none=True)
    reported_at = fields.AwareDateTime(required=True)
    due_at = fields.AwareDateTime(required=True, allow_none=True)


class Incidents(Schema):
    """One page of incidents, the newest first."""

    items = fields.List(fields.Nested(IncidentRow), required=True)
    next = fields.String(required=True, allow_none=True)


class OrderRow(Schema):
    """An order of an incident, in one line."""

    id = fields.String(required=True)
    number = fields.String(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)
    objective = fields.String(required=True)


class Incident(Schema):
    """An incident with its orders."""

    id = fields.String(required=True)
    number = fields.String(required=True)
    state = fields.String(required=True)
    revision = fields.Integer(required=True)
    category = fields.String(required=True)
    event_type = fields.String(required=True)
    level = fields.Integer(required=True, allow_none=True)
    longitude = fields.Float(required=True, allow_none=True)
    latitude = fields.Float(required=True, allow_none=True)
    grid_cell_code = fields.String(required=True, allow_none=True)
    lead_centre_id = fields.String(required=True, allow_none=True)
    lead_department_id = fields.String(required=True, allow_none=True)
    reported_at = fields.AwareDateTime(required=True)
    closed_reason = fields.String(required=True, allow_none=True)
    rework_count = fields.Integer(required=True)
    merged_into_id = fields.String(required=True, allow_none=True)
    sensitive = fields.Boolean(required=True)
    orders = fields.List(fields.Nested(OrderRow), required=True)


class Leg(Schema):
    """An addressee of an order and its task."""

    department_id = fields.String(required=True)
    role = fields.String(required=True)
    state = fields.String(required=True, allow_none=True)
    signed_at = fields.AwareDateTime(required=True, allow_none=True)


class Order(Schema):
    """An order with its addressees."""

    id = fields.String(required=True)
    number = fields.String(required=True)
    incident_id = fields.String(required=True)
    kind = fields.String(required=True)
    state = fields.String(required=True)
    revision = fields.Integer(required=True)
    level = fields.Integer(required=True, allow_none=True)
    objective = fields.String(required=True)
    content = fields.String(required=True)
    completion_rule = fields.String(required=True)
    issue_mode = fields.String(required=True)
    issued_at = fields.AwareDateTime(required=True, allow_none=True)
    closed_at = fields.AwareDateTime(required=True, allow_none=True)
    digest = fields.String(required=True, allow_none=True)
    legs = fields.List(fields.Nested(Leg), required=True)


class Draft(Schema):
    """One more order for an incident at work."""

    kind = fields.String(load_default="dispatch", validate=validate.OneOf(DIRECTIVE_KINDS))
    objective = fields.String(required=True, validate=(validate.Length(min=1, max=500), PLAIN))
    content = fields.String(required=True, validate=(validate.Length(min=1, max=4000), PLAIN))
    lead = fields.String(required=True, validate=CODE)
    co = fields.List(fields.String(validate=CODE), load_default=list, validate=validate.Length(max=40))
    copy = fields.List(fields.String(validate=CODE), load_default=list, validate=validate.Length(max=40))
    issue_mode = fields.String(load_default="normal", validate=validate.OneOf(ISSUE_MODES))
    completion_rule = fields.String(load_default="all", validate=validate.OneOf(COMPLETION_RULES))


class Drafted(Schema):
    """The order that was drafted."""

    id = fields.String(required=True)


class Withdrawal(Schema):
    """Why an order is called back: a code of the city's list."""

    reason_code = fields.String(required=True, validate=validate.Regexp(r"^[a-z][a-z0-9_]{0,39}$"))


class Clock(Schema):
    """A running clock: overdue or due within two hours."""

    stage = fields.String(required=True)
    cycle = fields.Integer(required=True)
    department_id = fields.String(required=True)
    holder_name = fields.String(required=True, allow_none=True)
    started_at = fields.AwareDateTime(required=True)
    due_at = fields.AwareDateTime(required=True)
    about = fields.Nested(About, required=True, allow_none=True)


class Board(Schema):
    """One page of running clocks, the longest overdue first."""

    items = fields.List(fields.Nested(Clock), required=True)
    next = fields.String(required=True, allow_none=True)


class Tickets(Schema):
    """A delivery of a hotline."""

    tickets = fields.List(fields.Dict(), required=True, validate=validate.Length(min=1, max=500))


class ReceivedRow(Schema):
    """What became of one ticket; `repeated` if it was known before."""

    external_id = fields.String(required=True)
    state = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)
    incident_id = fields.String(required=True, allow_none=True)
    repeated = fields.Boolean(required=True)


class Finding(Schema):
    """What was wrong with a ticket: `path` like `ticket[3]/reported_at`."""

    rule = fields.String(required=True)
    path = fields.String(required=True)
    message = fields.String(required=True)


class Delivery(Schema):
    """The answer to a delivery, row by row."""

    received = fields.List(fields.Nested(ReceivedRow), required=True)
    findings = fields.List(fields.Nested(Finding), required=True)
