"""Foreign keys: which rows point to which, and by what."""

from collections import defaultdict
from enum import Enum, auto
from typing import Any

from harness.inference import naming
from harness.inference.state.circles import circle
from harness.inference.state.resources import Draft, identity
from harness.inference.state.rows import UNKNOWN, Row
from harness.inference.state.world import World


class _Moves(Enum):
    MOVES = auto()


_MOVES = _Moves.MOVES


class ForeignKeys:
    """Columns of drafts that hold rows of other drafts.

    Three kinds of evidence: an embedded object of the other draft, a scalar whose values are keys
    of the other draft's rows, and a path under which rows are created.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.columns: dict[int, dict[str, Draft]] = defaultdict(dict)
        self.sources: dict[tuple[int, str], list[str]] = defaultdict(list)
        self._keys: dict[int, set[tuple[str, str]]] = {}
        self._settled: dict[tuple[int, str], Row | _Moves | None] = {}
        self._children: dict[tuple[int, str], dict[int, list[Row]]] = {}
        self._by_key: dict[int, dict[tuple[str, str], Row]] = {}
        for draft in world.drafts:
            self._embedded(draft)
            self._scalars(draft)
            self._paths(draft)
        self._break_circles()

    def of(self, draft: Draft) -> dict[str, Draft]:
        return self.columns[id(draft)]

    def scalar_fields(self, draft: Draft) -> set[str]:
        """JSON fields of the draft that hold keys of other rows."""
        return {name for column in self.of(draft) for name in self.sources[id(draft), column]}

    def parent(self, row: Row, column: str, index: int) -> Row | None:
        """The row that a foreign key points to at an observation."""
        place = (id(row), column)
        if place not in self._settled:
            moves = any(_changes(row, name) for name in self.sources[id(row.draft), column])
            self._settled[place] = _MOVES if moves else self._parent_at(row, column, index)
        known = self._settled[place]
        return self._parent_at(row, column, index) if known is _MOVES else known

    def children(self, draft: Draft, column: str, parent: Row) -> list[Row]:
        """The rows of a draft whose foreign key ever pointed to a row."""
        index = self._children.get((id(draft), column))
        if index is None:
            index = self._children[id(draft), column] = defaultdict(list)
            for row in self.world.rows[id(draft)]:
                for known in self._ever_parents(row, column):
                    index[id(known)].append(row)
        return index[id(parent)]

    def _ever_parents(self, row: Row, column: str) -> set[Row]:
        names = self.sources[id(row.draft), column]
        times = {when for name in names for when in row.facts.get(name, ((), ()))[0]}
        return {
            parent
            for when in times or {0}
            if (parent := self.parent(row, column, when)) is not None
        }

    def _parent_at(self, row: Row, column: str, index: int) -> Row | None:
        draft = self.columns[id(row.draft)][column]
        names = self.sources[id(row.draft), column]
        if not names:
            parents = self.world.parents.get(id(row), {}).values()
            return next((each for each in parents if each.draft is draft), None)
        for name in names:
            value = row.value(name, index)
            if isinstance(value, Row):
                return value
            if (found := self.by_key(draft, row.recording, value)) is not None:
                return found
        return None

    def by_key(self, draft: Draft, recording: str, value: Any) -> Row | None:
        """The first row of a recording that was seen with a key."""
        text = identity(value) if value is not UNKNOWN else None
        if text is None:
            return None
        index = self._by_key.get(id(draft))
        if index is None:
            index = self._by_key[id(draft)] = {}
            for row in self.world.rows[id(draft)]:
                if (mark := identity(row.first(draft.key))) is not None:
                    index.setdefault((row.recording, mark), row)
        return index.get((recording, text))

    def _add(self, draft: Draft, column: str, parent: Draft, source: str | None) -> None:
        self.columns[id(draft)][column] = parent
        if source is not None:
            self.sources[id(draft), column].append(source)

    def _embedded(self, draft: Draft) -> None:
        for row in self.world.rows[id(draft)]:
            for name, (_, values) in row.facts.items():
                pointed = next((value for value in values if isinstance(value, Row)), None)
                column = f"{naming.snake(name)}_id"
                if pointed is not None and column not in self.of(draft):
                    self._add(draft, column, pointed.draft, name)

    def _scalars(self, draft: Draft) -> None:
        for name in draft.fields:
            values: set[tuple[str, str]] = set()
            for row in self.world.rows[id(draft)]:
                for value in row.facts.get(name, ((), ()))[1]:
                    if (text := identity(value)) is not None and not isinstance(value, Row):
                        values.add((row.recording, text))
            if name == draft.key or not values:
                continue
            for parent in self.world.drafts:
                column = naming.snake(name)
                known = self.of(draft).get(column, parent)
                if known is parent and self._points(draft, name, values, parent):
                    self._add(draft, column, parent, name)

    def _points(self, draft: Draft, name: str, values: set[tuple[str, str]], parent: Draft) -> bool:
        if parent.singleton or not parent.key:
            return False
        named = self._named_after(name, parent)
        id_like = naming.snake(name).endswith(("_id", "_gid", "_uuid", "_slug", "_key"))
        if not named and not (id_like and parent is not draft):
            return False
        known = self._known_keys(parent)
        share = len(values & known) / len(values)
        long = all(len(text) >= 8 for _, text in values)  # noqa: PLR2004
        if named:
            return share >= 0.5  # noqa: PLR2004
        return share == 1 and (long or (parent is self.world.user and len(values) > 1))

    def _known_keys(self, parent: Draft) -> set[tuple[str, str]]:
        known = self._keys.get(id(parent))
        if known is None:
            known = self._keys[id(parent)] = {
                (row.recording, text)
                for row in self.world.rows[id(parent)]
                for value in row.facts.get(parent.key, ((), ()))[1]
                if (text := identity(value)) is not None
            }
        return known

    def _break_circles(self) -> None:
        """Of a circle of keys, the one becomes a plain value that is named for a special role."""
        while edges := circle(self.world.drafts, self.columns):
            draft, column, _ = min(edges, key=lambda edge: edge[1] == f"{edge[2].name}_id")
            del self.columns[id(draft)][column]
            self.sources.pop((id(draft), column), None)

    @staticmethod
    def _named_after(name: str, parent: Draft) -> bool:
        word = naming.snake(name)
        head = word.rpartition("_")[0]
        own = {parent.name, naming.snake(parent.key)}
        return (
            head == parent.name
            or word == f"{parent.name}_{naming.snake(parent.key)}"
            or (head.endswith(f"_{parent.name}") and word not in own)
        )

    def _paths(self, draft: Draft) -> None:
        for row in self.world.rows[id(draft)]:
            for parent in self.world.parents.get(id(row), {}).values():
                pointed = self.of(draft).values()
                if parent.draft is not draft and parent.draft not in pointed:
                    self._add(draft, f"{parent.draft.name}_id", parent.draft, None)


def _changes(row: Row, name: str) -> bool:
    """Whether a field of a row was seen with several values."""
    _, values = row.facts.get(name, ([], []))
    return any(type(value) is not type(values[0]) or value != values[0] for value in values[1:])
