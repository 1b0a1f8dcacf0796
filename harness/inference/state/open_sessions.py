"""Sessions that were open before a recording began, and whose they are."""

from harness.inference.observe import Observation
from harness.inference.state.resources import Draft, identity
from harness.inference.state.rows import Row
from harness.inference.state.world import World

Operation = tuple[str, str]


def open_sessions(world: World) -> dict[tuple[str, str], str | None]:
    """Tokens that no answer of their recording gave out, with the key of their user.

    None where the user is never shown although a request that needs one was let in.
    """
    user = world.user
    if user is None:
        return {}
    strict = {each.key for each in world.observations if each.status == 401}  # noqa: PLR2004
    owning = _owner_fields(world, user)
    found: dict[tuple[str, str], str | None] = {}
    for each in world.observations:
        mark = (each.recording, each.credential or "")
        if not each.credential or mark in world.token_origin or found.get(mark):
            continue
        row = world.tokens.get(mark) or _creator(world, user, each)
        key = _owner_key(world, each, owning.get(each.key, set()))
        if row is not None and user.key in row.facts:
            key = identity(row.first(user.key))
        if key is not None:
            found[mark] = key
        elif each.key in strict and each.status not in {401, 403}:
            found.setdefault(mark, None)
    return found


def _creator(world: World, user: Draft, observation: Observation) -> Row | None:
    """The only user that the answer to a creation shows: whoever made the request."""
    if observation.index not in world.created:
        return None
    users = {row for _, _, row in world.shown[observation.index] if row.draft is user}
    return users.pop() if len(users) == 1 else None


def _owner_fields(world: World, user: Draft) -> dict[Operation, set[str]]:
    """Fields of created rows that hold the caller's key whenever the caller is known."""
    found: dict[Operation, set[str]] = {}
    for each in world.observations:
        row, caller = world.created.get(each.index), world.caller(each)
        if row is None or caller is None or user.key not in caller.facts:
            continue
        key = identity(caller.first(user.key))
        fields = {name for name in row.facts if identity(row.first(name)) == key}
        found[each.key] = found.get(each.key, fields) & fields
    return found


def _owner_key(world: World, observation: Observation, fields: set[str]) -> str | None:
    row = world.created.get(observation.index)
    known = (identity(row.first(name)) for name in sorted(fields)) if row else iter(())
    return next((key for key in known if key is not None), None)
