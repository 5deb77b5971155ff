"""Random plays of a model: the reference game leads, and another game makes the same moves and must agree."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.properties.model_parts import Model
from tests.properties.reference_game import ReferenceGame
from tests.properties.reference_run import Open

Key = tuple[str, str, tuple[int, ...]]  # kind of wait, id of the node, legs from the outside in

FREE_STEPS = 24  # moves made at random; after them only what leads to the end
WORKED_ON = ("item", "operation", "call")
MOST_STEPS = 1_500  # a play that is longer does not come to an end


@dataclass(frozen=True)
class Move:
    """One stimulus. `place` counts the waits with the same key in the order they were opened."""

    what: str  # done, happens, throws
    key: Key
    place: int = 0
    values: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""


class Player(Protocol):
    """A game that is held against the reference."""

    def move(self, move: Move) -> None:
        """Makes the move."""

    def facts(self) -> Mapping[str, Any]:
        """What can be seen of it after a move, under the names of `facts_of`; what it cannot tell is left out."""


class Difference(AssertionError):
    """The two games do not agree; the text says how to get here again."""


def walk(model: Model, seed: int, player: Player | None = None) -> list[Move]:
    """The moves of one play from start to end, checked against `player` after each. Raises: Difference."""
    reference = ReferenceGame(model.xml, model.variables)
    moves: list[Move] = []
    _compare(model, seed, moves, reference, player)
    for move in choices(model, random.Random(seed), reference):
        moves.append(move)
        make(reference, move)
        if player is not None:
            try:
                player.move(move)
            except Exception as error:
                raise Difference(report(model, seed, moves, f"{type(error).__name__}: {error}")) from error
        _compare(model, seed, moves, reference, player)
    return moves


def choices(model: Model, chance: random.Random, reference: ReferenceGame) -> Iterator[Move]:
    """Random moves that the reference can make next, until it has ended."""
    for number in range(MOST_STEPS):
        if reference.outcome is not None:
            return
        waits = [wait for wait in reference.open() if wait.kind != "condition"]  # nobody can make those happen
        finishing = number >= FREE_STEPS
        if finishing:
            waits = [wait for wait in waits if wait.is_in_the_flow]
        wait = chance.choice(waits)
        yield _move(model, chance, reference, wait, finishing)
    raise AssertionError(f"model {model.seed} does not come to an end")


def make(reference: ReferenceGame, move: Move) -> None:
    """Makes the move in the reference game."""
    reference.sent.clear()
    reference.called_out.clear()
    wait = [wait for wait in reference.open() if wait.key == move.key][move.place]
    if move.what == "throws":
        reference.throw(wait, move.code)
    elif move.what == "done":
        reference.complete(wait, move.values)
    else:
        reference.happen(wait, move.values)


def facts_of(reference: ReferenceGame) -> dict[str, Any]:
    """What both games must agree on after each move."""
    return {
        "over": reference.outcome is not None,
        "outcome": reference.outcome,
        "open": [wait.key for wait in reference.open()],
        "sent": sorted(reference.sent),
        "called_out": sorted(reference.called_out),
        "variables": reference.variables,
    }


def report(model: Model, seed: int, moves: list[Move], what: str) -> str:
    """Everything needed to see a difference again."""
    made = "\n".join(f"  {move.what} {move.key} #{move.place} {dict(move.values)} {move.code}" for move in moves)
    start = f"start {model.variables}"
    return f"model seed {model.seed}, play seed {seed}\n{model.xml}\n{start}\n{made}\n{what}"


def _move(model: Model, chance: random.Random, reference: ReferenceGame, wait: Open, finishing: bool) -> Move:
    place = [other for other in reference.open() if other.key == wait.key].index(wait)
    codes = model.codes.get(wait.node, ())
    if codes and wait.kind in WORKED_ON and chance.random() < 0.1:
        return Move("throws", wait.key, place, code=chance.choice(codes))
    values = {}
    for write in model.writes.get(wait.node, ()) if wait.kind != "timer" else ():
        keep_last = finishing and write.last is not None
        values[write.name] = write.last if keep_last else chance.choice(write.values)
    what = "done" if wait.kind in WORKED_ON else "happens"
    return Move(what, wait.key, place, values)


def _compare(model: Model, seed: int, moves: list[Move], reference: ReferenceGame, player: Player | None) -> None:
    ours = facts_of(reference)
    if reference.outcome is None and not ours["open"]:
        raise Difference(report(model, seed, moves, "the reference game is stuck"))
    for what, theirs in player.facts().items() if player is not None else ():
        if ours[what] != theirs:
            raise Difference(report(model, seed, moves, f"{what}: expected {ours[what]}\n but {theirs}"))
