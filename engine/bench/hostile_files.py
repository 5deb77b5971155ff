"""More than two thousand hostile BPMN files: every attack of trust.md B in every place in which text is evaluated.

Each place meets the escapes, leaks and side effects, texts that would leave a trace in a file or call a local port,
and some of those that use up time or memory; the three spellings take turns, so that a place meets all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from engine.bench.attack_expressions import ATTACKS, EXHAUSTIONS, Attack
from engine.bench.hostile_places import EVALUATED, HOLES, LABELS, file_of
from engine.bench.hostile_xml import Hostile, bombs, xml_attacks
from engine.bench.hostile_zips import decision_files, zips

_TURNS = 2  # of every so many attacks a place meets one; the next place meets the others
_MOST_LABELLED = 6
_FRONT = {"=": 1}  # how much of a text is looked at for a sign; all of it for the others


def traces(canary: Path, port: int) -> tuple[Attack, ...]:
    """Attacks whose success shows: they would write the file `canary` or call the local port."""
    touch, call = f"touch {canary}", f"http://127.0.0.1:{port}/"
    texts = (
        f"__import__('os').system('{touch}')",
        f"open('{canary}', 'w').write('x')",
        f"__import__('socket').create_connection(('127.0.0.1', {port}))",
        f"[c for c in ().__class__.__base__.__subclasses__() if c.__name__ == 'Popen'][0]('{touch}', shell=True)",
        f"import subprocess; subprocess.run(['touch', '{canary}'])",
        f'"{touch}".execute().text',
        f'new java.io.FileWriter("{canary}").close()',
        f'java.lang.Runtime.getRuntime().exec("{touch}")',
        f'require("child_process").execSync("{touch}")',
        f'this.constructor.constructor("return process")().mainModule.require("fs").writeFileSync("{canary}", "x")',
        f'fetch("{call}")',
        f'#{{T(java.lang.Runtime).getRuntime().exec("{touch}")}}',
        "${''.getClass().forName('java.lang.Runtime').getRuntime().exec('" + touch + "')}",
        'function(c) external {java: {class: "java.lang.Runtime", method signature: "exec(java.lang.String)"}}("'
        + touch
        + '")',
        f"@java.lang.Runtime@getRuntime().exec('{touch}')",
        f"${{jndi:ldap://127.0.0.1:{port}/x}}",
        f"{{{{ cycler.__init__.__globals__.os.popen('{touch}').read() }}}}",
        f"<%= `{touch}` %>",
        f"; {touch} #",
        f"$({touch})",
    )
    return tuple(Attack("escape", text) for text in texts)


def hostile_files(canary: Path, port: int, secret: Path) -> Iterator[Hostile]:
    """Every file, by name. `secret` is a file that XML attacks would read; the other two show what was executed."""
    placed = [attack for attack in ATTACKS if attack.kind != "exhaustion"]
    attacks = [*traces(canary, port), *placed, *EXHAUSTIONS]
    for number, (place, put) in enumerate(EVALUATED.items()):
        for turn, attack in enumerate(attacks):
            if turn % _TURNS == number % _TURNS and _is_xml(text := _spelled(attack, turn // _TURNS + number)):
                is_text = not any(sign in text[: _FRONT.get(sign)] for sign in HOLES.get(place, (text[:1],)))
                harmless = attack.may_end or is_text
                yield f"{place} | {text[:60]}", file_of(*put(text)), "harmless" if harmless else "blocked"
    for place, put in LABELS.items():
        for attack in attacks[:_MOST_LABELLED]:
            yield f"{place} | {attack.plain[:60]}", file_of(*put(attack.plain)), "harmless"
    yield from chain(xml_attacks(str(secret), port), bombs(), zips(), decision_files(attacks[::_TURNS]))


def _spelled(attack: Attack, turn: int) -> str:
    """The attack in one of the three spellings, each in its turn."""
    if attack.plain.startswith(("${", "#{", "<%", "{{")):
        return attack.plain
    return (attack.plain, attack.juel, f"= {attack.plain}")[turn % 3]


def _is_xml(text: str) -> bool:
    return all(character in "\t\n\r" or ord(character) >= 32 for character in text)
