"""Which regular expressions a form may use: those that cannot be made to run for long.

Python's matcher backtracks. Its work on a text is bounded by the number of ways the variable quantifiers of a pattern
can share the text among them, so that product is what we limit, and what would hide it (a quantified group, a
backreference, a look-around) is refused.
"""

from __future__ import annotations

import re

LONGEST_PATTERN = 200
LONGEST_TEXT = 4_000
MOST_WAYS = 100_000

_TOKEN = re.compile(
    r"""(?P<escape>\\[dDwWsS]|\\[^A-Za-z0-9])
      | (?P<set>\[\^?\]?(?:\\.|[^\]\\])*\])
      | (?P<open>\((?:\?:)?)(?!\?)
      | (?P<close>\))
      | (?P<either>\|)
      | (?P<anchor>[\^$])
      | (?P<times>[*+?]|\{\d{1,4}(?:,\d{0,4})?\})
      | (?P<plain>[^\\\[\]()|^$*+?{}])""",
    re.VERBOSE | re.DOTALL,
)


def pattern_problem(pattern: str) -> str | None:
    """Why the pattern is not allowed in a form, or None when it is."""
    if len(pattern) > LONGEST_PATTERN:
        return f"it is longer than {LONGEST_PATTERN} characters"
    ways = 1 if pattern.startswith("^") and "|" not in pattern else LONGEST_TEXT
    before = "start"
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            return f"it uses something other than plain characters, sets, groups and counts at position {at + 1}"
        kind = token.lastgroup or ""
        if kind == "times":
            if before in ("start", "open", "either", "anchor", "times"):
                return f"a count at position {at + 1} has nothing to repeat"
            if before == "close" and token.group() != "?":
                return f"a group is repeated at position {at + 1}"
            ways *= _choices(token.group())
        elif kind == "either":
            ways *= 2
        if ways > MOST_WAYS:
            return "it can be matched in too many ways"
        before, at = kind, token.end()
    try:
        re.compile(pattern)
    except re.error as problem:
        return f"it is not a regular expression ({problem.msg})"
    return None


def _choices(count: str) -> int:
    """How many lengths a quantifier lets the matcher try."""
    if count == "?":
        return 2
    if count in "*+":
        return LONGEST_TEXT
    low, comma, high = count[1:-1].partition(",")
    if not comma:
        return 1
    return max(1, (int(high) if high else LONGEST_TEXT) - int(low) + 1)
