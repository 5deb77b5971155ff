"""Tree to closures for calls: of the functions of the language, of function values, and what makes those.

Each call of a function value costs as many steps as its body has nodes, and takes depth as long as it lasts.
"""

from __future__ import annotations

from typing import Any

from engine.bpmn.expressions.faults import ExpressionError, fault
from engine.bpmn.expressions.feel.builtins import FUNCTIONS
from engine.bpmn.expressions.feel.closures import Closure, Env, builds, closure_of
from engine.bpmn.expressions.feel.loops import cost_of
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.values import FeelFunction, kind_of
from engine.bpmn.expressions.tree import Tree, walk


@builds("lambda")
def _lambda(node: Tree) -> Closure:
    _, _, parameters, body = node
    names = tuple(parameter[2] for parameter in parameters)
    part, cost = closure_of(body), cost_of(body)
    levels = max(depth for _, depth in walk(body)) + 1

    def build(env: Env, run: FeelRun) -> FeelFunction:
        def call(run: FeelRun, at: int, arguments: list[Any]) -> Any:
            if len(arguments) != len(names):
                wanted = f"{len(names)} argument(s)"
                return run.fail("expression.arguments", at, name="function", wanted=wanted, found=len(arguments))
            run.spend(cost)
            run.deeper(levels)
            value = part(Env(dict(zip(names, arguments, strict=True)), env), run)
            run.back(levels)
            return value

        return FeelFunction(names, call)

    return build


@builds("invoke")
def _invoke(node: Tree) -> Closure:
    _, at, target, arguments = node
    source = closure_of(target)
    names = [argument[2] for argument in arguments if argument[0] == "arg"]
    parts = [closure_of(argument[3] if names else argument) for argument in arguments]

    def call(env: Env, run: FeelRun) -> Any:
        function = source(env, run)
        values = [part(env, run) for part in parts]
        if not isinstance(function, FeelFunction):
            kind = kind_of(function)
            return run.fail("expression.wrong_kind", at, operation="(…)", wanted="a function", found=kind)
        if names:
            if len(set(names)) != len(names) or set(names) != set(function.parameters):
                wanted = ", ".join(function.parameters)
                return run.fail("expression.arguments", at, name="function", wanted=wanted, found=len(names))
            given = dict(zip(names, values, strict=True))
            values = [given[name] for name in function.parameters]
        return function.call(run, at, values)

    return call


@builds("call")
def _call(node: Tree) -> Closure:
    _, at, name, arguments = node
    function = FUNCTIONS[name]
    names = [argument[2] for argument in arguments if argument[0] == "arg"]
    parts = [closure_of(argument[3] if names else argument) for argument in arguments]

    def call(env: Env, run: FeelRun) -> Any:
        values = [part(env, run) for part in parts]
        try:
            if len(set(names)) != len(names):
                raise fault("expression.arguments", at, name=name, wanted="each argument once", found=len(names))
            return function.apply(run, at, values, names)
        except ExpressionError as refusal:
            return run.note(refusal, at)

    return call
