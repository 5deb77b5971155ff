"""The one expression language (D7): compiled at upload, evaluated in microseconds, never Python.

Place: the reader compiles and checks what a file says, the token game evaluates it over the variables of an instance.
Nothing here reads a clock, a file or an attribute of a value.
"""

from engine.bpmn.expressions.check import ExpressionFinding, check_expression
from engine.bpmn.expressions.faults import ExpressionError
from engine.bpmn.expressions.language import (
    CompiledExpression,
    compile_expression,
    evaluate,
    is_true,
    spelling_of,
)

__all__ = [
    "CompiledExpression",
    "ExpressionError",
    "ExpressionFinding",
    "check_expression",
    "compile_expression",
    "evaluate",
    "is_true",
    "spelling_of",
]
