"""Steps of signing in: a refused login hands out a token, and a later request brings it back.

Once a user has taken the step, logins succeed. Whether they have is a column that nothing shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.inference import naming
from harness.inference.observe import Observation
from harness.inference.state.rows import Row
from harness.inference.state.tokens import TOKENISH, leaves, token_values, tokens_in

if TYPE_CHECKING:
    from harness.inference.state.world import World

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """An operation that takes a token in `field` of its body, and the column that remembers it."""

    operation: Key
    login: Key
    field: str
    column: str


def sent_tokens(observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield the fields of a body that hold tokens by their names."""
    if observation.credential or not isinstance(observation.body, dict):
        return
    for name, value in leaves(observation.body):
        if isinstance(value, str) and TOKENISH.search(name):
            yield name, value


def find_steps(observations: list[Observation]) -> dict[Key, Step]:
    """Return the steps by their operation."""
    refused: dict[tuple[str, str], Key] = {}
    found: dict[Key, Step] = {}
    for each in observations:
        if not each.ok:
            refused |= {(each.recording, token): each.key for token in token_values(each.answer)}
            continue
        for name, value in sent_tokens(each):
            login = refused.get((each.recording, value))
            words = naming.literals(each.template or "")
            if login is not None and words and login != each.key:
                column = f"{naming.snake(words[-1])}_done"
                found.setdefault(each.key, Step(each.key, login, name, column))
    return found


def remember_steps(world: "World") -> None:
    """Note for every user when the steps were taken; before the recording, if logins say so."""
    for step in world.steps.values():
        taken: dict[int, tuple[Row, int]] = {}
        before: dict[int, bool] = {}
        for each in world.observations:
            if each.key == step.operation and each.ok:
                sent = dict(sent_tokens(each)).get(step.field, "")
                if (row := world.tokens.get((each.recording, sent))) is not None:
                    taken.setdefault(id(row), (row, each.index))
            elif each.key == step.login:
                for token in tokens_in(each):
                    if (row := world.tokens.get((each.recording, token))) is not None:
                        before.setdefault(id(row), each.ok and id(row) not in taken)
        for row in world.rows[id(world.user)]:
            row.learn(-1, step.column, before.get(id(row), False))
            if id(row) in taken:
                row.learn(taken[id(row)][1], step.column, True)
