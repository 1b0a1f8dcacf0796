"""Entities and their columns, from drafts and what is known of their fields."""

from dataclasses import dataclass, field
from typing import Any

from harness.inference import naming
from harness.inference.behaviours.columns import column_type, generated_kind, make_column
from harness.inference.behaviours.views import Views
from harness.inference.behaviours.writes import ABSENT, Writes
from harness.inference.model import Column, Entity, Generated
from harness.inference.observe import Observation, at
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.resources import Draft
from harness.inference.state.rows import Row
from harness.inference.state.world import World

_MADE = {"sequence", "uuid", "object_id", "digits", "random"}


@dataclass
class Vocabulary:
    """A list of strings that is made of the items of a `strings` column."""

    name: str
    draft: Draft
    column: str
    operation: tuple[str, str]
    location: tuple[str, ...]


@dataclass
class Entities:
    entities: list[Entity] = field(default_factory=list)
    primary: dict[int, str] = field(default_factory=dict)
    """Draft -> name of its primary key column."""
    vocabularies: list[Vocabulary] = field(default_factory=list)

    def of(self, draft: Draft) -> Entity:
        return next(entity for entity in self.entities if entity.name == draft.name)


def build_entities(world: World, keys: ForeignKeys, views: Views, writes: Writes) -> Entities:
    result = Entities()
    referenced = {
        id(parent): None
        for draft in world.drafts
        for column, parent in keys.of(draft).items()
        if keys.sources[id(draft), column] and not _embeds(draft, column, world)
    }
    for draft in world.drafts:
        result.primary[id(draft)] = _primary(draft, views, writes, natural=id(draft) in referenced)
    for draft in world.drafts:
        result.entities.append(_entity(draft, world, keys, views, writes, result.primary))
    result.vocabularies = _vocabularies(world, result)
    for each in result.vocabularies:
        result.of(each.draft).column(each.column).vocabulary = each.name
        result.entities.append(
            Entity(
                name=each.name,
                plural=naming.plural(each.name),
                vocabulary=True,
                columns=[
                    Column(name="id", type="integer", generated=Generated(by="sequence")),
                    Column(name="name", type="string", unique=True),
                ],
            )
        )
    return result


def _embeds(draft: Draft, column: str, world: World) -> bool:
    name = column.removesuffix("_id")
    return any(
        isinstance(value, Row)
        for row in world.rows[id(draft)]
        for fact, (_, values) in row.facts.items()
        if naming.snake(fact) == name
        for value in values[:1]
    )


def _primary(draft: Draft, views: Views, writes: Writes, *, natural: bool) -> str:
    """The visible key where it is a surrogate, else a hidden sequence."""
    if draft.singleton or draft.key in views.urls[id(draft)]:
        return "id"
    facts = writes.columns.get((id(draft), draft.key))
    made = facts is not None and facts.generated is not None and facts.generated.by in _MADE
    surrogate = draft.key in {"id", "_id", "uuid", "gid", "uid"}
    return naming.snake(draft.key) if made or surrogate or natural else "id"


def _values(draft: Draft, name: str, world: World) -> list[Any]:
    return [
        value
        for row in world.rows[id(draft)]
        for value in row.facts.get(name, ((), ()))[1]
        if not isinstance(value, Row)
    ]


def _evidence(draft: Draft) -> list[str]:
    seen = dict.fromkeys(
        observation.id for shape in draft.roots for observation, _ in shape.instances[:3]
    )
    return list(seen)[:12]


def _entity(
    draft: Draft,
    world: World,
    keys: ForeignKeys,
    views: Views,
    writes: Writes,
    primary: dict[int, str],
) -> Entity:
    pk = primary[id(draft)]
    columns: list[Column] = []
    stored = [name for name in views.columns[id(draft)] if name not in views.urls[id(draft)]]
    if pk not in {naming.snake(name) for name in stored}:
        columns.append(Column(name=pk, type="integer", generated=Generated(by="sequence")))
    touched = _touched(draft, writes)
    for name in sorted(stored, key=lambda each: naming.snake(each) != pk):
        column = naming.snake(name)
        if column in keys.of(draft):
            continue
        columns.append(_column(draft, name, world, writes, touched, pk))
    for column, parent in keys.of(draft).items():
        nullable = _nullable_key(draft, column, world, keys)
        columns.append(
            Column(
                name=column,
                type=_key_type(parent, world, views, primary),
                nullable=nullable,
                references=parent.name,
                on_delete="cascade",
            )
        )
    if draft is world.user and any("password" in row.facts for row in world.rows[id(draft)]):
        columns.append(Column(name="password", type="string", secret=True, nullable=True))
    if draft is world.user:
        remembered = sorted({step.column for step in world.steps.values()})
        columns += [Column(name=name, type="boolean", default=False) for name in remembered]
    return Entity(
        name=draft.name,
        plural=naming.plural(draft.name),
        pk=pk,
        columns=columns,
        singleton=draft.singleton,
        evidence=_evidence(draft),
    )


def _touched(draft: Draft, writes: Writes) -> set[str]:
    return {
        name
        for key, facts in writes.operations.items()
        for name in facts.touched
        if writes.samples[key][0].row.draft is draft
    }


def _follows(draft: Draft, writes: Writes) -> set[str]:
    return {
        name
        for key, facts in writes.operations.items()
        for name in facts.follows
        if writes.samples[key][0].row.draft is draft
    }


def _column(
    draft: Draft, name: str, world: World, writes: Writes, touched: set[str], pk: str
) -> Column:
    values = _values(draft, name, world)
    column = make_column(naming.snake(name), values)
    facts = writes.columns.get((id(draft), name))
    if name == draft.key:
        usual = [value for value in values if type(value) is type(values[0])]
        column = make_column(column.name, usual)
        column.unique = column.name != pk
        column.nullable = False
    if facts is not None and facts.generated is not None:
        column.generated = facts.generated.model_copy()
        column.generated.follows = name in _follows(draft, writes)
    elif column.name == pk and column.type in {"integer", "uuid"}:
        column.generated = Generated(by="sequence" if column.type == "integer" else "uuid")
    elif column.name == pk and column.type == "string":
        column.generated = _by_looks(values)
    if facts is not None and facts.default is not ABSENT:
        column.default = facts.default
        column.nullable = column.nullable or facts.default is None
    if name in touched and (column.generated is None or column.generated.by == "now"):
        unset = facts is not None and facts.default is None
        column.generated = Generated(by="changed" if unset else "touched")
    if name in world.sparse[id(draft)]:
        column.nullable = True
    if column.type == "strings" and _is_sorted(draft, name, writes):
        column.items = "unique_sorted"
    return column


def _is_sorted(draft: Draft, name: str, writes: Writes) -> bool:
    """Whether lists that were sent out of order came back sorted and without repetitions."""
    pairs = [
        (each.fields[name], each.row.value(name, each.observation.index))
        for samples in writes.samples.values()
        for each in samples
        if each.row.draft is draft and isinstance(each.fields.get(name), list)
    ]
    changed = any(sent != after for sent, after in pairs)
    return changed and all(sorted(set(sent)) == after for sent, after in pairs)


def _by_looks(values: list[Any]) -> Generated:
    return generated_kind(list(dict.fromkeys(values)), key_like=True) or Generated(by="uuid")


def _nullable_key(draft: Draft, column: str, world: World, keys: ForeignKeys) -> bool:
    for row in world.rows[id(draft)]:
        for name in keys.sources[id(draft), column]:
            fact = row.facts.get(name)
            if fact is None or any(value is None for value in fact[1]):
                return True
        if not keys.sources[id(draft), column] and keys.parent(row, column, row.born) is None:
            return True
    return False


def _key_type(parent: Draft, world: World, views: Views, primary: dict[int, str]) -> Any:
    name = parent.key
    if naming.snake(name) != primary[id(parent)] or name in views.urls[id(parent)]:
        return "integer"
    values = _values(parent, name, world)
    return column_type([value for value in values if type(value) is type(values[0])])


def _vocabularies(world: World, entities: Entities) -> list[Vocabulary]:
    """Lists of bare strings whose items all come from one `strings` column."""
    found: list[Vocabulary] = []
    for operation, location, lists in _string_lists(world.observations):
        items = {item for values in lists for item in values}
        for draft in world.drafts:
            for column in entities.of(draft).columns:
                if column.type != "strings":
                    continue
                known = {
                    item
                    for name in draft.fields
                    if naming.snake(name) == column.name
                    for value in _values(draft, name, world)
                    for item in value or ()
                }
                if items and len(items & known) * 10 >= len(items) * 9:
                    word = next((s for s in reversed(location) if s != "[]"), "")
                    segment = (naming.literals(operation[1]) or ["item"])[-1]
                    name = naming.singular(word or segment)
                    found.append(Vocabulary(name, draft, column.name, operation, location))
    names = {entity.name for entity in entities.entities}
    return [each for each in found if each.name not in names]


def _string_lists(
    observations: list[Observation],
) -> list[tuple[tuple[str, str], tuple[str, ...], list[list[str]]]]:
    found: dict[tuple[tuple[str, str], tuple[str, ...]], list[list[str]]] = {}
    for observation in observations:
        if not observation.ok or observation.method != "GET" or observation.template is None:
            continue
        answer = observation.answer
        places: list[tuple[str, ...]] = [()]
        if isinstance(answer, dict) and len(answer) <= 2:  # noqa: PLR2004
            places = [(key,) for key in answer]
        for place in places:
            for value in at(answer, place):
                if isinstance(value, list) and all(isinstance(item, str) for item in value):
                    found.setdefault((observation.key, place), []).append(value)
    return [(operation, place, lists) for (operation, place), lists in found.items()]
