"""The state in which a recording starts, rebuilt from what is first seen of each row."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.inference import naming
from harness.inference.behaviours.columns import moment
from harness.inference.behaviours.views import Views
from harness.inference.model import (
    ApiModel,
    Column,
    Entity,
    Expr,
    LinkCount,
    Linked,
    ObjectOf,
    PageInfo,
    Query,
    SeedState,
    View,
)
from harness.inference.observe import Observation, at
from harness.inference.state.ages import age_rows
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.resources import Draft, identity
from harness.inference.state.roles import LinkDraft
from harness.inference.state.rows import UNKNOWN, Row
from harness.inference.state.world import World

if TYPE_CHECKING:
    from harness.inference.infer import Named


def seed_states(world: World, keys: ForeignKeys, views: Views, model: ApiModel) -> list[SeedState]:
    """One state for each recording of the world."""
    recordings = dict.fromkeys(each.recording for each in world.observations)
    return [_Seeder(world, keys, views, model, name).state() for name in recordings]


def seed_state(model: ApiModel, recording: "Named", background: "Sequence[Named]") -> SeedState:
    """The initial state of a recording that the model was not learned from.

    `background` are the recordings that it was learned from: what identifies a row there
    identifies it here.
    """
    from harness.inference.infer import understand  # noqa: PLC0415 - infer uses seed_states

    understanding = understand([*background, recording])
    return _Seeder(
        understanding.world, understanding.keys, understanding.views, model, recording.name
    ).state()


class _Seeder:
    def __init__(
        self, world: World, keys: ForeignKeys, views: Views, model: ApiModel, recording: str
    ) -> None:
        self.world = world
        self.keys = keys
        self.views = views
        self.model = model
        self.recording = recording
        times = [each.started for each in world.observations if each.recording == recording]
        self.began = min(times, default=0.0)
        self.numbers: dict[int, Any] = {}
        self.ghosts: list[dict[str, Any]] = []
        self.unseen: list[Row] = []
        self.drafts = [
            draft
            for draft in world.drafts
            if any(entity.name == draft.name for entity in model.entities)
        ]

    def state(self) -> SeedState:
        state = SeedState(recording=self.recording)
        rows = {id(draft): self._initial(draft) for draft in self.drafts}
        for draft in self.drafts:
            self._number(draft, rows[id(draft)])
        for draft in self.drafts:
            entity = self.model.entity(draft.name)
            table = [self._row(entity, row) for row in rows[id(draft)]]
            if table:
                state.tables[entity.name] = table
        self._fill_totals(state)
        self._vocabularies(state)
        self._links(state, {id(row) for each in rows.values() for row in each})
        self._tokens(state)
        self._drop_doubles(state)
        self._drop_orphans(state)
        self._last_keys(state)
        age_rows(self.model, state)
        return state

    # ------------------------------------------------------------------ rows

    def _initial(self, draft: Draft) -> list[Row]:
        rows = [row for row in self.world.all_rows(draft, self.recording) if row.born < 0]
        stamps = [
            column.name
            for column in self.model.entity(draft.name).columns
            if column.generated and column.generated.by == "now" and column.type == "datetime"
        ]
        names = {naming.snake(name): name for name in draft.fields}
        field = next((names[stamp] for stamp in stamps if stamp in names), None)
        if field is not None:
            return sorted(rows, key=lambda row: (moment(row.first(field)) or 0.0))
        return rows[::-1] if self._newest_first(draft) else rows

    def _newest_first(self, draft: Draft) -> bool:
        pk = self.model.entity(draft.name).pk
        orders = [
            operation.query.order[0]
            for operation in self.model.operations
            if operation.query and operation.query.entity == draft.name and operation.query.order
        ]
        return bool(orders) and orders[0].column == pk and orders[0].descending

    def _number(self, draft: Draft, rows: list[Row]) -> None:
        """Primary keys: the visible ones as they are, hidden ones counted."""
        entity = self.model.entity(draft.name)
        column = entity.column(entity.pk)
        for number, row in enumerate(rows, start=1):
            visible = row.first(draft.key)
            shown = naming.snake(draft.key) == entity.pk and visible is not UNKNOWN
            if draft.key in self.views.urls.get(id(draft), {}) and visible is not UNKNOWN:
                visible, shown = identity(visible), True
            if shown and column.type == "integer":
                shown = isinstance(visible, int) or str(visible).isdigit()
                visible = int(visible) if shown else number
            self.numbers[id(row)] = visible if shown else self._made(column, number)

    @staticmethod
    def _made(column: Column, number: int) -> Any:
        if column.type == "uuid":
            return f"00000000-0000-4000-9000-{number:012d}"
        return number if column.type == "integer" else str(number)

    def _row(self, entity: Entity, row: Row) -> dict[str, Any]:
        fields = {naming.snake(name): name for name in row.draft.fields}
        values: dict[str, Any] = {}
        for column in entity.columns:
            if column.name == entity.pk:
                values[column.name] = self.numbers[id(row)]
            elif column.references:
                values[column.name] = self._reference(row, column)
            elif column.secret:
                secret = row.first("password")
                values[column.name] = self._unknown_password(row) if secret is UNKNOWN else secret
            elif column.name in row.facts and column.name not in fields:
                values[column.name] = row.first(column.name)
            else:
                known = row.first(fields[column.name]) if column.name in fields else UNKNOWN
                if isinstance(known, Row | dict) and column.type != "json":
                    known = UNKNOWN
                if known is UNKNOWN or self._came_later(column, known):
                    known = self._gap(entity, column, row)
                values[column.name] = known
        return values

    def _came_later(self, column: Column, value: Any) -> bool:
        """Whether a time of a change lies in the recording: it was null before."""
        if column.generated is None or column.generated.by != "changed" or not column.nullable:
            return False
        at, began = moment(value), self.began
        return at is not None and began > 0 and at >= began

    def _unknown_password(self, row: Row) -> str:
        """Something that nobody logs in with: the recording never shows this user's password."""
        text = f"{self.recording} {row.draft.name} {row.number}"
        return hashlib.sha256(text.encode()).hexdigest()

    def _reference(self, row: Row, column: Column) -> Any:
        if column.name not in self.keys.of(row.draft):
            return None
        start = min((fact[0][0] for fact in row.facts.values() if fact[0]), default=0)
        parent = self.keys.parent(row, column.name, start)
        user = self.world.user
        if parent is None and user is not None and column.references == user.name:
            parent = self._writer(row)
        return self.numbers.get(id(parent)) if parent is not None else None

    def _writer(self, row: Row) -> Row | None:
        """Who changed or deleted the row: most likely the user it belongs to."""
        for each in self.world.observations:
            targets = self.world.targets.get(each.index)
            if not targets or not each.ok or each.method not in {"PUT", "PATCH", "DELETE"}:
                continue
            last = list(each.params)[-1]
            ends_in_key = (each.template or "").rstrip("/").endswith("}")
            if ends_in_key and targets.get(last) is row:
                return self.world.caller(each)
        return None

    def _gap(self, entity: Entity, column: Column, row: Row) -> Any:  # noqa: PLR0911
        """A value for a column that the recording never shows."""
        if column.default is not None:
            return column.default
        if column.nullable:
            return None
        number = self.numbers[id(row)]
        if column.format == "email":
            return f"{entity.name}{number}@example.com"
        if column.type == "datetime":
            return "2020-01-01T00:00:00Z"
        if column.type == "date":
            return "2020-01-01"
        if column.type == "uuid":
            return f"00000000-0000-4000-8000-{row.number:012d}"
        gaps = {"integer": 0, "number": 0, "boolean": False, "strings": [], "json": {}}
        return gaps.get(column.type, f"{entity.name}-{column.name}-{number}")

    def _drop_doubles(self, state: SeedState) -> None:
        """Rows that share what only one row can have are one row that was met twice."""
        for entity in self.model.entities:
            unique = [c.name for c in entity.columns if c.unique or c.name == entity.pk]
            seen: set[tuple[str, str]] = set()
            kept = []
            for row in state.tables.get(entity.name, ()):
                marks = {(name, repr(row[name])) for name in unique if row.get(name) is not None}
                if not marks & seen:
                    kept.append(row)
                    seen |= marks
            if kept:
                state.tables[entity.name] = kept

    def _drop_orphans(self, state: SeedState) -> None:
        """Rows need their parents: an unknown user is made up, rows without others are left out."""
        dropped = True
        while dropped:
            dropped = False
            for entity in self.model.entities:
                table = state.tables.get(entity.name, [])
                kept = [row for row in table if self._has_parents(entity, row, state)]
                dropped = dropped or len(kept) < len(table)
                if table:
                    state.tables[entity.name] = kept

    def _has_parents(self, entity: Entity, row: dict[str, Any], state: SeedState) -> bool:
        user = self.world.user.name if self.world.user else None
        for column in entity.columns:
            if not column.references or (column.nullable and row[column.name] is None):
                continue
            if row[column.name] is None and column.references == user:
                row[column.name] = self._ghost(0, state)
            parent = self.model.entity(column.references)
            known = (other[parent.pk] for other in state.tables.get(parent.name, ()))
            if row[column.name] not in set(known):
                if not column.nullable:
                    return False
                row[column.name] = None
        return True

    def _fill_totals(self, state: SeedState) -> None:
        """Rows that were never shown but counted: the totals of lists say how many there are."""
        for operation in self.model.operations:
            query = operation.query
            total = _total_location(operation.response.body)
            draft = next((d for d in self.drafts if query and d.name == query.entity), None)
            if query is None or query.scope or total is None or draft is None:
                continue
            lists = [
                each
                for each in self.world.observations
                if each.key == (operation.method, operation.path)
                and each.recording == self.recording
                and each.ok
            ]
            for owner, each in self._counted(draft, query, lists):
                counted = next(iter(at(each.answer, total)), None)
                missing = counted - self._known(draft, owner, each.index) if counted else 0
                if isinstance(counted, int) and missing > 0:
                    self._add_unseen(draft, missing, owner, state)

    def _counted(
        self, draft: Draft, query: Query, lists: list[Observation]
    ) -> list[tuple[tuple[str, Row] | None, Observation]]:
        """The first list of each owner, then the first of all: each with what narrows it."""
        filters = {each.param: each for each in query.filters}
        narrowed: dict[tuple[str, Row] | None, Observation] = {}
        for each in lists:
            used = [(name, value) for name, value in each.query if name in filters]
            if not used:
                narrowed.setdefault(None, each)
            if len(used) != 1:
                continue
            found = filters[used[0][0]]
            if found.op != "eq" or len(found.path) != 2 or found.path[0] not in self.keys.of(draft):  # noqa: PLR2004
                continue
            parent = self.keys.of(draft)[found.path[0]]
            name = next((n for n in parent.fields if naming.snake(n) == found.path[1]), "")
            owner = self.world.find(parent, self.recording, name, used[0][1], each.index)
            if owner is not None and id(owner) in self.numbers:
                narrowed.setdefault((found.path[0], owner), each)
        return sorted(narrowed.items(), key=lambda item: item[0] is None)

    def _known(self, draft: Draft, owner: tuple[str, Row] | None, index: int) -> int:
        rows = (r for r in self.world.all_rows(draft, self.recording) if r.exists_after(index))
        if owner is None:
            return sum(1 for _ in rows) + sum(1 for row in self.unseen if row.draft is draft)
        return sum(self.keys.parent(row, owner[0], index) is owner[1] for row in rows)

    def _add_unseen(
        self, draft: Draft, number: int, owner: tuple[str, Row] | None, state: SeedState
    ) -> None:
        entity = self.model.entity(draft.name)
        user = self.world.user.name if self.world.user else None
        needed = {c.name: c.references for c in entity.columns if c.references and not c.nullable}
        if owner is not None:
            needed.pop(owner[0], None)
        if any(parent != user for parent in needed.values()):
            return
        table = state.tables.setdefault(entity.name, [])
        column = entity.column(entity.pk)
        whole = [row[entity.pk] for row in table if isinstance(row[entity.pk], int)]
        oldest = min(whole, default=1) if column.type == "integer" else 900_000 - len(self.unseen)
        unseen = []
        for place in range(1, number + 1):
            row = Row(draft, self.recording, 20_000 + len(self.unseen))
            self.numbers[id(row)] = self._made(column, oldest - place)
            self.unseen.append(row)
            values = self._row(entity, row)
            if owner is not None:
                values[owner[0]] = self.numbers[id(owner[1])]
            unseen.append(values)
        table[:0] = unseen

    def _last_keys(self, state: SeedState) -> None:
        """Keys that were given out before: the first row that is created says how far they got."""
        for draft in self.drafts:
            entity = self.model.entity(draft.name)
            made = entity.column(entity.pk).generated
            if made is None or made.by != "sequence" or naming.snake(draft.key) != entity.pk:
                continue
            born = [r for r in self.world.all_rows(draft, self.recording) if r.born >= 0]
            first = min(born, key=lambda row: row.born).first(draft.key) if born else None
            if isinstance(first, int) and first > 1:
                state.last_keys[entity.name] = first - 1

    # ------------------------------------------------------------------ relations

    def _vocabularies(self, state: SeedState) -> None:
        for operation in self.model.operations:
            query = operation.query
            if query is None or not self.model.entity(query.entity).vocabulary:
                continue
            column = next(
                (e.name, c.name)
                for e in self.model.entities
                for c in e.columns
                if c.vocabulary == query.entity
            )
            used = [
                item for row in state.tables.get(column[0], ()) for item in row[column[1]] or ()
            ]
            items = dict.fromkeys(self._first_items(operation.method, operation.path))
            items.update(dict.fromkeys(used))
            if items:
                state.tables[query.entity] = [
                    {"id": number, "name": item} for number, item in enumerate(items, start=1)
                ]

    def _first_items(self, method: str, path: str) -> list[str]:
        """Items of the first list that were there before any request of the recording sent them.

        The list is in the order of first use: what stands before an old item is as old.
        """
        sent: set[str] = set()
        for each in self.world.observations:
            if each.recording != self.recording:
                continue
            if each.key == (method, path) and each.ok:
                answer = each.answer
                place = () if isinstance(answer, list) else (next(iter(answer), ""),)
                items = [item for value in at(answer, place) for item in value]
                unsent = [n for n, item in enumerate(items) if item not in sent]
                return items[: unsent[-1] + 1] if unsent else []
            if each.method != "GET":
                sent.update(_strings(each.body))
        return []

    def _links(self, state: SeedState, initial: set[int]) -> None:
        pairs: dict[str, dict[tuple[Any, Any], None]] = defaultdict(dict)
        for link in self.world.links:
            known = any(each.name == link.name for each in self.model.links)
            if known:
                self._linked_pairs(link, initial, pairs[link.name])
                self._fill_counts(link, initial, pairs[link.name], state)
        for name, found in pairs.items():
            model_link = self.model.link(name)
            if found:
                state.links[name] = [
                    {model_link.source_column: source, model_link.target_column: target}
                    for source, target in found
                ]

    def _shown(self) -> list[tuple[Observation, View, dict[str, Any], Row]]:
        return [
            (each, view, value, row)
            for each in self.world.observations
            if each.recording == self.recording
            for shape, value, row in self.world.shown.get(each.index, ())
            if (view := self.views.by_shape.get(id(shape))) is not None
        ]

    def _linked_pairs(
        self, link: LinkDraft, initial: set[int], pairs: dict[tuple[Any, Any], None]
    ) -> None:
        """Links that are shown to be on before anybody switched them on."""
        for each, view, value, row in self._shown():
            caller = self.world.caller(each)
            if caller is None or id(caller) not in initial or id(row) not in initial:
                continue
            for field in view.fields:
                expr = field.value
                shows = isinstance(expr, Linked) and expr.link == link.name
                on = shows and value.get(field.key)
                if on and not self._switched(link, each.index, caller, row):
                    pairs[self.numbers[id(caller)], self.numbers[id(row)]] = None

    def _switched(self, link: LinkDraft, index: int, caller: Row | None, row: Row) -> bool:
        return any(
            when <= index and target is row and (caller is None or source is caller)
            for when, source, target, _ in self.world.switches[link.name, self.recording]
        )

    def _fill_counts(
        self,
        link: LinkDraft,
        initial: set[int],
        pairs: dict[tuple[Any, Any], None],
        state: SeedState,
    ) -> None:
        """Counts that are higher than the known links: other users are behind them."""
        seen: set[int] = set()
        for each, view, value, row in self._shown():
            for field in view.fields:
                expr = field.value
                if not isinstance(expr, LinkCount) or expr.link != link.name:
                    continue
                if id(row) in seen or id(row) not in initial:
                    continue
                seen.add(id(row))
                if self._switched(link, each.index, None, row):
                    continue
                target = self.numbers[id(row)]
                have = sum(1 for _, other in pairs if other == target)
                count = value.get(field.key)
                missing = count - have if isinstance(count, int) else 0
                for number in range(max(missing, 0)):
                    pairs[self._ghost(number, state), target] = None

    def _ghost(self, number: int, state: SeedState) -> Any:
        """The key of a user who exists only because something was counted."""
        assert self.world.user is not None  # noqa: S101 - only users are linked
        entity = self.model.entity(self.world.user.name)
        table = state.tables.setdefault(entity.name, [])
        while len(self.ghosts) <= number:
            row = Row(self.world.user, self.recording, 10_000 + len(self.ghosts))
            place = len(table) + 1
            self.numbers[id(row)] = self._made(entity.column(entity.pk), 900_000 + place)
            self.ghosts.append(self._row(entity, row))
            table.append(self.ghosts[-1])
        return self.ghosts[number][entity.pk]

    def _tokens(self, state: SeedState) -> None:
        for (recording, token), row in self.world.tokens.items():
            opened = (recording, token) not in self.world.token_origin
            if recording == self.recording and opened and id(row) in self.numbers:
                state.tokens[token] = self.numbers[id(row)]


def _total_location(body: Expr | None) -> tuple[str, ...] | None:
    """Where an answer says how many rows there are in all."""
    if isinstance(body, PageInfo):
        return () if body.fact == "total" else None
    if isinstance(body, ObjectOf):
        for key, value in body.fields.items():
            if (inner := _total_location(value)) is not None:
                return (key, *inner)
    return None


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in _strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in _strings(item)]
    return []
