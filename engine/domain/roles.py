"""What each role may do: the permissions of the 20 roles, as data (the policy every city starts from).

A city widens or narrows a role in `processes/tables/roles.toml`. The permission of every move in the life-cycle
tables stands here under at least one role, except the engine's own.
"""

from __future__ import annotations

from collections.abc import Mapping

_READ = "incident:case:read directive:order:read task:leg:read "
_WORK = "work:item:read work:item:claim work:item:complete "
_HANDLE = "task:leg:sign task:leg:return task:leg:handle task:leg:feedback task:leg:report "

_GRANTS: Mapping[str, str] = {
    "grid_officer": _WORK + "signal:report:create signal:report:read incident:case:inspect incident:case:self_handle "
    "incident:case:read",
    "intake_clerk": _READ + _WORK + "signal:report:create signal:report:read signal:report:read_personal "
    "signal:report:triage signal:report:link signal:report:reject signal:report:redirect signal:report:answer "
    "incident:case:create incident:case:accept incident:case:reject incident:case:inspect incident:case:merge",
    "shift_leader": _READ + _WORK + "signal:report:read signal:report:read_personal incident:case:accept "
    "incident:case:reject incident:case:file incident:case:decline incident:case:void incident:case:merge "
    "incident:case:close incident:case:rehandle incident:case:reopen incident:case:archive change_request:void:approve",
    "dispatcher": _READ + _WORK + "signal:report:read signal:report:link incident:case:file incident:case:dispatch "
    "incident:case:stabilise incident:case:resume incident:case:merge incident:level:propose directive:draft:write "
    "directive:order:bind task:leg:redispatch task:leg:resume change_request:return:approve "
    "change_request:extension:approve",
    "department_clerk": _READ + _WORK + _HANDLE + "directive:draft:write change_request:request:create",
    "department_head": _READ + _WORK + _HANDLE + "directive:draft:write directive:order:decompose "
    "change_request:request:create escalation:rung:acknowledge",
    "commander": _READ + _WORK + "incident:level:change incident:lead:change incident:case:suspend "
    "incident:case:stabilise directive:review:decide directive:order:issue directive:order:withdraw "
    "directive:order:supersede directive:order:void directive:verification:decide incident:case:close "
    "incident:case:rehandle task:leg:transfer task:leg:suspend task:leg:extend "
    "plan:activation:decide change_request:transfer:approve change_request:suspend:approve "
    "change_request:extension:approve change_request:level_change:approve change_request:reassign_lead:approve",
    "verifier": _READ + _WORK + "directive:verification:decide incident:case:inspect incident:case:rehandle "
    "incident:feedback:call_back",
    "supervisor": _READ + _WORK + "supervision:order:remind supervision:order:issue supervision:board:read "
    "escalation:rung:acknowledge audit:overdue:read",
    "plan_manager": "plan:section:write plan:version:submit plan:version:read",
    "process_designer": "process:definition:upload process:definition:publish process:definition:read "
    "process:definition:simulate process:instance:start",
    "stock_keeper": "supply:ledger:write supply:ledger:read supply:request:pick",
    "data_steward": "sharing:catalogue:write sharing:grant:decide sharing:quality:write",
    "liaison": "incident:shared_case:read incident:shared_case:reply",
    "drafter": _READ + _WORK + "directive:draft:write",
    "reviewer": _READ + _WORK + "directive:review:decide",
    "evaluator": _READ + _WORK + "directive:evaluation:write incident:case:evaluate evaluation:indicator:read",
    "auditor": "audit:ledger:read audit:ledger:verify audit:ledger:export audit:overdue:read",
    "admin": "admin:person:write admin:profile:write admin:settings:read process:failure:repair process:instance:read "
    "process:instance:operate process:message:send process:work:fetch",
    "public": "signal:own_report:create signal:own_report:read",
}

ROLE_PERMISSIONS: Mapping[str, frozenset[str]] = {role: frozenset(grants.split()) for role, grants in _GRANTS.items()}
"""Rights by role id. An admin reads no case, but repairs what stopped in one; the public reaches its own reports by a
token."""

ROLES: tuple[str, ...] = tuple(ROLE_PERMISSIONS)

DEPARTMENT_ROLES: frozenset[str] = frozenset({"department_clerk", "department_head", "grid_officer", "liaison"})
"""Roles whose work inside a leg belongs to the leg's department; any other role works for the issuing centre."""
