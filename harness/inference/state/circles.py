"""Drafts that point to each other in a circle: neither could be created first."""

from collections.abc import Mapping

from harness.inference.state.resources import Draft

Columns = Mapping[int, Mapping[str, Draft]]
"""The foreign keys of each draft, by its identity."""
Edge = tuple[Draft, str, Draft]


def circle(drafts: list[Draft], columns: Columns) -> list[Edge]:
    """Return the foreign keys of one circle, or none. A row may point to its own kind."""
    for start in drafts:
        paths: list[tuple[Draft, list[Edge]]] = [(start, [])]
        seen: set[int] = set()
        while paths:
            draft, walked = paths.pop()
            for column, target in columns[id(draft)].items():
                edge = (draft, column, target)
                if target is draft:
                    continue
                if target is start:
                    return [*walked, edge]
                if id(target) not in seen:
                    seen.add(id(target))
                    paths.append((target, [*walked, edge]))
    return []
