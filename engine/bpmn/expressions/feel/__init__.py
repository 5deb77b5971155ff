"""FEEL, the expression language of DMN 1.3 to 1.5, as a spelling of our own: compiled, budgeted, never Python.

Where it differs from the plain spelling it has a core of its own: three truth values, null in place of errors, decimal
numbers, names with spaces, ranges, contexts, filters, loops, functions, durations of two kinds.
"""

from engine.bpmn.expressions.feel.language import (
    CompiledFeel,
    Outcome,
    compile_feel,
    compile_unary_tests,
    evaluate_feel,
    evaluate_to_engine,
    passes_unary_tests,
)

__all__ = [
    "CompiledFeel",
    "Outcome",
    "compile_feel",
    "compile_unary_tests",
    "evaluate_feel",
    "evaluate_to_engine",
    "passes_unary_tests",
]
