"""72 attack expressions of our own, as data: what a hostile diagram would write where text is evaluated.

33 try to escape into the interpreter, 4 to read what they should not, 30 to use up time or memory, 5 to change
something from inside a condition. Each has a plain spelling; where JUEL says it differently, that spelling too.
Sources are meant to be evaluated over `attack_names()`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["escape", "leak", "exhaustion", "side_effect"]


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack: its kind, its plain source, its JUEL source, and whether a small harmless value is also right."""

    kind: Kind
    plain: str
    juel_source: str | None = None
    may_end: bool = False

    @property
    def juel(self) -> str:
        """The attack in JUEL spelling."""
        return self.juel_source if self.juel_source is not None else "${" + self.plain + "}"


class Canary:
    """A value of the host language that notes every time anything but its type is touched."""

    def __init__(self) -> None:
        object.__setattr__(self, "touched", [])

    def __getattr__(self, name: str) -> Any:
        """Note the read."""
        self.touched.append(name)
        return self

    def __call__(self, *arguments: Any) -> Any:
        """Note the call."""
        self.touched.append("call")
        return self

    def __getitem__(self, key: Any) -> Any:
        """Note the read by key."""
        self.touched.append("item")
        return self

    def __eq__(self, other: object) -> bool:
        """Note the comparison."""
        self.touched.append("eq")
        return True

    def __str__(self) -> str:
        """Note the formatting."""
        self.touched.append("str")
        return "canary"

    __hash__ = None  # type: ignore[assignment]


def attack_names() -> dict[str, Any]:
    """The variables an attack finds: small and large values, a record with a private key, a host object."""
    deep: list[Any] = []
    twin: list[Any] = []
    for _ in range(5_000):
        deep, twin = [deep], [twin]
    return {
        "amount": 5,
        "canary": Canary(),
        "deep": deep,
        "twin": twin,
        "items": [1, 2, 3],
        "numbers": list(range(10_000)),
        "same_numbers": list(range(10_000)),
        "many": list(range(30_000)),
        "order": {"amount": 5, "_secret": "hidden", "lines": [{"price": 1}]},
        "sharp": "ß" * 15_000,
        "text": "x" * 20_000,
        "huge": "x" * 2_000_000,
    }


ESCAPES = (
    Attack("escape", "__import__('os').system('id')"),
    Attack("escape", "().__class__.__bases__[0].__subclasses__()"),
    Attack("escape", "''.__class__.__mro__[1].__subclasses__()"),
    Attack("escape", "items.__class__.__base__.__subclasses__()[104]"),
    Attack("escape", "order['__class__']['__mro__']"),
    Attack("escape", "canary.__class__.__init__.__globals__['os']"),
    Attack("escape", "canary['__class__']"),
    Attack("escape", "canary.fire('id')"),
    Attack("escape", "canary('id')"),
    Attack("escape", "canary == 1"),
    Attack("escape", "items.＿＿class＿＿"),
    Attack("escape", "items.__ｃｌａｓｓ__"),
    Attack("escape", "eval('1+1')"),
    Attack("escape", "exec('import os')"),
    Attack("escape", "compile('1', 'x', 'eval')"),
    Attack("escape", "open('/etc/passwd').read()"),
    Attack("escape", "getattr(items, 'append')"),
    Attack("escape", "globals()['__builtins__']"),
    Attack("escape", "type('X', (), {})"),
    Attack("escape", "breakpoint()"),
    Attack("escape", "(lambda: amount)()"),
    Attack("escape", "[c for c in items]"),
    Attack("escape", "(x for x in items).gi_frame.f_back.f_globals"),
    Attack("escape", "import os", "${import os}"),
    Attack("escape", "true); import os; (true"),
    Attack("escape", "f'{canary.__class__}'"),
    Attack("escape", "'{0.__class__}'.format(canary)"),
    Attack("escape", "'%s' % canary", "${canary}${''}"),
    Attack("escape", "uuid.os.system('id')"),
    Attack("escape", "@canary"),
    Attack(
        "escape",
        "''.getClass().forName('java.lang.Runtime').getMethod('exec')",
        "#{''.getClass().forName('java.lang.Runtime').getMethod('exec')}",
    ),
    Attack(
        "escape",
        "execution.getEngineServices().getRepositoryService()",
        "${execution.getEngineServices().getRepositoryService()}",
    ),
    Attack("escape", "T(java.lang.Runtime).getRuntime().exec('id')", "#{T(java.lang.Runtime).getRuntime().exec('id')}"),
)

LEAKS = (
    Attack("leak", "_secret", "${execution.getVariable('_secret')}"),
    Attack("leak", "order._secret", "${order.get('_secret')}"),
    Attack("leak", "order['_' + 'secret']"),
    Attack("leak", "settings.secret_key", "${execution.processEngineConfiguration.jdbcPassword}"),
)

EXHAUSTIONS = (
    Attack("exhaustion", "9**9**9**9"),
    Attack("exhaustion", "1 << 999999999"),
    Attack("exhaustion", "'a' * 1000000000"),
    Attack("exhaustion", "[0] * 1000000000"),
    Attack("exhaustion", "'%1000000000d' % 1"),
    Attack("exhaustion", "'x'.ljust(1000000000)"),
    Attack("exhaustion", "text.replace('x', text)"),
    Attack("exhaustion", "text + text"),
    Attack("exhaustion", "numbers + numbers"),
    Attack("exhaustion", "upper(sharp)", "${sharp.toUpperCase()}"),
    Attack("exhaustion", "upper(huge)", "${huge.toUpperCase()}"),
    Attack("exhaustion", "sum(range(1000000000))"),
    Attack("exhaustion", "sum(many)", "${many.contains(-1)}"),
    Attack("exhaustion", " + ".join(["sum(numbers)"] * 20)),
    Attack("exhaustion", " or ".join(["-1 in numbers"] * 40), "${" + " or ".join(["numbers.contains(-1)"] * 40) + "}"),
    Attack("exhaustion", " and ".join(["numbers == same_numbers"] * 40)),
    Attack("exhaustion", "deep == twin", may_end=True),
    Attack("exhaustion", "matches('aaaaaaaaaaaaaaaaaaaaaaaaaaaa!', '(a+)+$')"),
    Attack("exhaustion", "9" * 1_900),
    Attack("exhaustion", "1e999"),
    Attack("exhaustion", "1000000000000000000 * 1000000000000000000"),
    Attack("exhaustion", "1e308 * 1e308"),
    Attack("exhaustion", "(" * 990 + "1" + ")" * 990),
    Attack("exhaustion", "[" * 1_000),
    Attack("exhaustion", "-" * 1_900 + "1", "${" + "!" * 1_900 + "true}"),
    Attack("exhaustion", "not " * 450 + "true", "${" + "not " * 450 + "true}"),
    Attack("exhaustion", "1+" * 900 + "1", "${'a'}" * 330),
    Attack("exhaustion", "order" + ".lines" * 300, "${" * 900),
    Attack("exhaustion", "true and " * 400 + "true"),
    Attack("exhaustion", "now() + duration('P366D') * 1000000000000"),
)

SIDE_EFFECTS = (
    Attack("side_effect", "items.append(9)"),
    Attack("side_effect", "order['amount'] = 0"),
    Attack("side_effect", "(amount := 0)"),
    Attack("side_effect", "order.update(items)", "${order.put('amount', 0)}"),
    Attack("side_effect", "items.clear()", "${execution.setVariable('amount', 0)}"),
)

ATTACKS = ESCAPES + LEAKS + EXHAUSTIONS + SIDE_EFFECTS
