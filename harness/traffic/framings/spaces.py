"""Namespaces, topics and channels that calls go to and pushes come from, as JSON values."""

from typing import Any

from harness.traffic.framings.events import UnreadableError
from harness.traffic.framings.framing import object_in


def parts_of(space: str) -> Any:
    """`room:42` -> ["room", "42"]; the JSON of a channel with its parameters -> that object."""
    if space.startswith("{"):
        try:
            return object_in(space)
        except UnreadableError:
            return [space]
    return space.split(":") if space else []


def kind_of(parts: Any) -> str:
    """What kind of space it is: the part that all spaces of its kind share."""
    first = parts.get("channel") if isinstance(parts, dict) else next(iter(parts), "")
    return first if isinstance(first, str) else ""
