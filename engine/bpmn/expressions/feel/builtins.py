"""All functions of FEEL by name. There are no others, and none can be added from a file."""

from __future__ import annotations

from typing import Final

from engine.bpmn.expressions.feel.aggregates import AGGREGATES
from engine.bpmn.expressions.feel.contexts import CONTEXTS
from engine.bpmn.expressions.feel.lists import LISTS
from engine.bpmn.expressions.feel.moments import MOMENTS
from engine.bpmn.expressions.feel.numeric import NUMERIC
from engine.bpmn.expressions.feel.ranges import RANGES
from engine.bpmn.expressions.feel.scope import builtin_level
from engine.bpmn.expressions.feel.signatures import Function
from engine.bpmn.expressions.feel.texts import TEXTS

FUNCTIONS: Final[dict[str, Function]] = {**AGGREGATES, **CONTEXTS, **LISTS, **MOMENTS, **NUMERIC, **RANGES, **TEXTS}
BUILTINS: Final = builtin_level(FUNCTIONS)
