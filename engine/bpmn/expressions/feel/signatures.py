"""What a function of FEEL takes: parameters with names and kinds, in one or more forms.

A form is written as FEEL's own documentation writes it: `string: string, start position: number, length?: number`.
`?` behind a name makes it optional, behind a kind nullable; `any` takes every kind, `*` in front of the name all
further arguments. Where one value is asked for, a list of one gives its element; where a list is asked for, a single
value becomes one, as DMN converts implicitly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.bpmn.expressions.faults import ExpressionError, fault
from engine.bpmn.expressions.feel.run import FeelRun
from engine.bpmn.expressions.feel.values import kind_of

_ABSENT: Final = object()


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    kinds: frozenset[str]
    is_optional: bool
    is_nullable: bool

    def taken(self, name: str, value: Any) -> Any:
        """`value` as the parameter takes it. Raises: ExpressionError for one of another kind."""
        if value is _ABSENT:
            if self.is_optional:
                return None
            raise fault("expression.missing_value", operation=name)
        if not self.kinds or kind_of(value) in self.kinds:
            return value
        if value is None:
            if self.is_nullable:
                return None
            raise fault("expression.missing_value", operation=name)
        if "list" in self.kinds:
            return [value]
        if isinstance(value, list) and len(value) == 1 and kind_of(value[0]) in self.kinds:
            return value[0]
        wanted = " or ".join(sorted(self.kinds))
        raise fault("expression.wrong_kind", operation=name, wanted=wanted, found=kind_of(value))


class Form:
    """One way to call a function."""

    def __init__(self, written: str, do: Callable[..., Any]) -> None:
        self.do = do
        self._rest: _Parameter | None = None
        self._parameters: list[_Parameter] = []
        for part in filter(None, written.split(", ")):
            name, _, kind = part.partition(": ")
            nullable = kind.endswith("?")
            kinds = frozenset() if kind == "any" else frozenset(kind.rstrip("?").split(" | "))
            parameter = _Parameter(name.strip("*?"), kinds, name.endswith("?"), nullable)
            if name.startswith("*"):
                self._rest = parameter
            else:
                self._parameters.append(parameter)

    def arguments(self, name: str, values: Sequence[Any], names: Sequence[str]) -> list[Any]:
        """The arguments in the order of the form. Raises: ExpressionError where they do not fit it."""
        if names:
            given = dict(zip(names, values, strict=True))
            found = [given.pop(parameter.name, _ABSENT) for parameter in self._parameters]
            if given:
                raise self._wrong_count(name, len(values))
            further: Sequence[Any] = ()
        else:
            count = len(self._parameters)
            if len(values) > count and self._rest is None:
                raise self._wrong_count(name, len(values))
            found = [*values[:count], *([_ABSENT] * (count - len(values)))]
            further = values[count:]
        taken = [parameter.taken(name, value) for parameter, value in zip(self._parameters, found, strict=True)]
        if self._rest is not None:
            taken.extend(self._rest.taken(name, value) for value in further)
        return taken

    def _wrong_count(self, name: str, found: int) -> ExpressionError:
        wanted = ", ".join(parameter.name for parameter in self._parameters) or "no arguments"
        return fault("expression.arguments", name=name, wanted=wanted, found=found)


class Function:
    """A function of the language with all its forms; the first that fits is called."""

    def __init__(self, *forms: Form) -> None:
        self.forms = forms

    def apply(self, run: FeelRun, at: int, values: Sequence[Any], names: Sequence[str], name: str = "") -> Any:
        """The result. Raises: ExpressionError where no form fits or the function refuses."""
        refusal: ExpressionError | None = None
        for form in self.forms:
            try:
                arguments = form.arguments(name, values, names)
            except ExpressionError as found:
                refusal = refusal or found
                continue
            return form.do(run, at, *arguments)
        raise refusal or fault("expression.arguments", name=name, wanted="other arguments", found=len(values))


def function(*forms: tuple[str, Callable[..., Any]]) -> Function:
    """The function of those forms."""
    return Function(*(Form(written, do) for written, do in forms))


def over_list(do: Callable[[FeelRun, int, list[Any]], Any]) -> Function:
    """A function over one list, or over its arguments taken as a list; null in place of the list is refused."""

    def one(run: FeelRun, at: int, values: list[Any]) -> Any:
        run.spend(len(values))
        return do(run, at, values)

    def several(run: FeelRun, at: int, first: Any, *rest: Any) -> Any:
        if first is None and not rest:
            raise fault("expression.missing_value", at, operation="list")
        return one(run, at, [first, *rest])

    return function(("list: list", one), ("first: any, *rest: any", several))
