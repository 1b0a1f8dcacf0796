"""Which JSON objects are the same kind of thing: resource shapes, unified into drafts.

A *shape* is every object seen at one place of one operation's answers. Shapes that share an
identifying field, its values and most of their other fields belong to one *draft* of an entity.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from harness.inference import naming
from harness.inference.observe import JsonObject, Observation
from harness.inference.state.tokens import TOKENISH

Location = tuple[str, ...]
_ID_NAME = re.compile(r"(^|_)(id|gid|uid|uuid|guid|slug|key|handle|login|username|number)$|Id$")
_PRIMARY = ("id", "_id", "uuid", "gid", "uid")
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


@dataclass(eq=False)
class Shape:
    """Objects at one location of an operation's successful answers."""

    method: str
    template: str
    location: Location
    instances: list[tuple[Observation, JsonObject]] = field(default_factory=list, repr=False)

    @cached_property
    def keys(self) -> dict[str, int]:
        """How often each key occurs; read after all instances are collected."""
        counts: Counter[str] = Counter()
        for _, value in self.instances:
            counts.update(value.keys())
        return counts

    @property
    def is_list(self) -> bool:
        return "[]" in self.location


@dataclass(eq=False)
class Draft:
    """An entity in the making: its shapes and the field that tells its rows apart.

    `unshown` are fields that requests set and no answer shows.
    """

    name: str
    key: str
    shapes: list[Shape] = field(repr=False)
    roots: list[Shape] = field(repr=False)
    singleton: bool = False
    unshown: list[str] = field(default_factory=list)

    @cached_property
    def fields(self) -> list[str]:
        seen: dict[str, None] = {}
        for shape in [*self.roots, *self.shapes]:
            seen.update(dict.fromkeys(shape.keys))
        seen.update(dict.fromkeys(self.unshown))
        return list(seen)

    @cached_property
    def sparse(self) -> set[str]:
        """Fields that only some objects of one place have: absent means null."""
        hidden = self._hidden
        return {
            key
            for shape in self.shapes
            for key, count in shape.keys.items()
            if count < len(shape.instances)
            and key not in hidden
            and not any(isinstance(value.get(key), dict | list) for _, value in shape.instances)
        } | {
            key
            for shape in self.shapes
            for key, count in shape.keys.items()
            if count < len(shape.instances)
            and all(isinstance(value.get(key, []), list) for _, value in shape.instances)
            and not any(
                isinstance(item, dict)
                for _, value in shape.instances
                for item in value.get(key, [])
            )
        }

    @cached_property
    def _hidden(self) -> set[str]:
        """Fields that were absent where a row had them before and after: not shown to everybody."""
        shown = sorted(
            (
                (observation.index, observation.recording, value)
                for shape in self.shapes
                for observation, value in shape.instances
                if identity(value.get(self.key)) is not None
            ),
            key=lambda item: item[0],
        )
        names = {name for shape in self.shapes for name in shape.keys} - {self.key}
        last: dict[tuple[str, str | None, str], tuple[Any, bool]] = {}
        hidden: set[str] = set()
        for _, recording, value in shown:
            row = identity(value.get(self.key))
            for name in names:
                place = (recording, row, name)
                before, gone = last.get(place, (None, False))
                if value.get(name) is None:
                    if name not in value and before is not None:
                        last[place] = (before, True)
                    continue
                if gone and value[name] == before:
                    hidden.add(name)
                last[place] = (value[name], False)
        return hidden


def identity(value: Any) -> str | None:
    """The text by which a value identifies a row; an absolute URL by its last segment."""
    if isinstance(value, str):
        text = value
    elif value is None or isinstance(value, bool | dict | list | float):
        return None
    else:
        text = str(value)
    if text.startswith(("http://", "https://")):
        text = text.rstrip("/").rsplit("/", 1)[-1]
    return text or None


def shapes_of(observations: Iterable[Observation]) -> list[Shape]:
    found: dict[tuple[str, str, Location], Shape] = {}
    for observation in observations:
        if not observation.ok or not observation.is_json or observation.template is None:
            continue
        for location, value in _objects(observation.answer, ()):
            place = (*observation.key, location)
            shape = found.get(place)
            if shape is None:
                shape = found[place] = Shape(*observation.key, location)
            shape.instances.append((observation, value))
    return list(found.values())


def _objects(value: Any, location: Location) -> Iterator[tuple[Location, JsonObject]]:
    if isinstance(value, dict):
        yield location, value
        for key, item in value.items():
            if isinstance(item, dict | list):
                yield from _objects(item, (*location, key))
    elif isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                yield from _objects(item, (*location, "[]"))


def draft_entities(observations: list[Observation]) -> list[Draft]:
    """Unify the shapes of the observations into drafts of entities."""
    params: dict[str, set[str]] = defaultdict(set)
    for observation in observations:
        for name, value in observation.params.items():
            params[name].add(value)
    shapes = shapes_of(observations)
    keyed = {id(shape): _identifiers(shape, params) for shape in shapes}
    candidates = [shape for shape in shapes if keyed[id(shape)]]
    groups = _unify(candidates, {key: set(value) for key, value in keyed.items()})
    places = {(shape.method, shape.template, shape.location) for shape in candidates}
    drafts = [draft for group in groups if (draft := _draft(group, keyed, params, places))]
    _name_apart(drafts)
    drafts.extend(_singletons(shapes, drafts))
    return drafts


def _identifiers(shape: Shape, params: dict[str, set[str]]) -> list[str]:
    """Fields that could tell the objects of a shape apart, the likeliest first."""
    if len(shape.keys) < 2:  # noqa: PLR2004 - an object of one key is an envelope
        return []
    every_param = set().union(*params.values()) if params else set()
    scored = []
    for key, count in shape.keys.items():
        if count < len(shape.instances):
            continue
        values = [value[key] for _, value in shape.instances]
        if not all(_can_identify(value) for value in values) or _repeats(shape, key):
            continue
        texts = {identity(value) for value in values} - {None}
        url = all(isinstance(value, str) and "://" in value for value in values)
        addressed = bool(texts & params.get(key, set())) or (url and bool(texts & every_param))
        if url and not addressed:
            continue
        if not (addressed or _ID_NAME.search(key) or key in _PRIMARY):
            continue
        rank = (key in _PRIMARY, addressed, bool(texts & every_param), bool(_ID_NAME.search(key)))
        scored.append((rank, key))
    return [key for rank, key in sorted(scored, key=lambda item: item[0], reverse=True)]


def _repeats(shape: Shape, key: str) -> bool:
    """Whether several objects of one list have the same value."""
    if shape.location[-1:] != ("[]",) or shape.location.count("[]") > 1:
        return False
    seen = {(observation.index, str(value[key])) for observation, value in shape.instances}
    return len(seen) < len(shape.instances)


def _can_identify(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return False
    return not (isinstance(value, str) and (_DATETIME.match(value) or len(value) > 200))  # noqa: PLR2004


def _unify(shapes: list[Shape], identifiers: dict[int, set[str]]) -> list[list[Shape]]:
    parent = list(range(len(shapes)))

    def root(place: int) -> int:
        while parent[place] != place:
            place = parent[place]
        return place

    values = [{key: _by_identity(shape, key) for key in identifiers[id(shape)]} for shape in shapes]
    for left in range(len(shapes)):
        for right in range(left):
            if root(left) != root(right) and _same_kind(
                shapes[left], shapes[right], values[left], values[right]
            ):
                parent[root(left)] = root(right)
    groups: dict[int, list[Shape]] = defaultdict(list)
    for place, shape in enumerate(shapes):
        groups[root(place)].append(shape)
    return list(groups.values())


def _by_identity(shape: Shape, key: str) -> dict[str, list[JsonObject]]:
    rows: dict[str, list[JsonObject]] = defaultdict(list)
    for _, value in shape.instances:
        if (text := identity(value[key])) is not None and len(rows[text]) < 20:  # noqa: PLR2004
            rows[text].append(value)
    return rows


def _same_kind(
    left: Shape,
    right: Shape,
    left_rows: dict[str, dict[str, list[JsonObject]]],
    right_rows: dict[str, dict[str, list[JsonObject]]],
) -> bool:
    keys = set(left_rows) & set(right_rows)
    keys = keys & set(_PRIMARY) or keys
    if not keys:
        return False
    left_keys, right_keys = set(left.keys), set(right.keys)
    common = left_keys & right_keys
    overlap = len(common) / min(len(left_keys), len(right_keys))
    if overlap < 0.6 or len(common) < 2:  # noqa: PLR2004
        return False
    if _family(left) == _family(right) and overlap > 0.7:  # noqa: PLR2004
        return True
    return any(_agree(left_rows[key], right_rows[key], common - {key}) for key in keys)


def _family(shape: Shape) -> tuple[str, int]:
    """The collection that a root shape belongs to; nested shapes have none of their own."""
    depth = sum(1 for step in shape.location if step != "[]")
    if depth > 1:
        return f"{shape.template} {shape.location}", depth
    return re.sub(r"/\{[^}]*\}/?$", "", shape.template).rstrip("/"), 0


def _agree(
    left: dict[str, list[JsonObject]], right: dict[str, list[JsonObject]], common: set[str]
) -> bool:
    shared = set(left) & set(right)
    if not shared:
        return False
    agreeing = 0
    for text in shared:
        fields = [
            key
            for key in common
            if not TOKENISH.search(key)
            and any(_plain(row.get(key)) for row in left[text])
            and any(_plain(row.get(key)) for row in right[text])
        ]
        if not fields:
            agreeing += 1
            continue
        same = sum(
            1
            for key in fields
            if {repr(row.get(key)) for row in left[text]}
            & {repr(row.get(key)) for row in right[text]}
        )
        agreeing += same * 2 >= len(fields)
    return agreeing * 2 > len(shared)


def _plain(value: Any) -> bool:
    return not isinstance(value, dict | list)


def _draft(
    group: list[Shape],
    keyed: dict[int, list[str]],
    params: dict[str, set[str]],
    places: set[tuple[str, str, Location]],
) -> Draft | None:
    shared = set.intersection(*(set(keyed[id(shape)]) for shape in group))
    roots = [shape for shape in group if _is_root(shape, places)]
    if not shared or not roots:
        return None
    order = Counter[str]()
    for shape in group:
        for rank, key in enumerate(keyed[id(shape)]):
            if key in shared:
                order[key] -= rank
    key = max(sorted(shared), key=lambda name: (name in _PRIMARY, order[name], name in params))
    return Draft(_entity_name(roots), key, group, roots)


def _is_root(shape: Shape, places: set[tuple[str, str, Location]]) -> bool:
    """Whether no object around the shape is itself a resource."""
    return not any(
        (shape.method, shape.template, shape.location[:end]) in places
        for end in range(len(shape.location))
    )


_CALLER = {"me", "self", "current", "mine", "whoami"}
"""Segments that stand for whoever asks, not for a kind of resource."""


def _segments(template: str) -> list[str]:
    found = naming.literals(re.sub(r"(/\{[^}]*\})+/?$", "", template))
    named = [each for each in found if naming.snake(each) not in _CALLER]
    return named if named or not found else ["users"]


def _entity_name(roots: list[Shape]) -> str:
    """The name most shapes suggest: envelope key, or the collection segment of the path."""
    votes = Counter[str]()
    for shape in roots:
        weight = 3 if shape.method == "POST" else 2
        envelope = _envelope(shape.location)
        segments = _segments(shape.template)
        if envelope:
            votes[naming.singular(envelope)] += weight
        elif segments and (
            shape.is_list or shape.template.rstrip("/").endswith("}") or shape.method == "POST"
        ):
            votes[naming.singular(segments[-1])] += weight if _plural(segments[-1]) else 1
        elif segments:
            votes[naming.singular(segments[-1])] += 1
    return votes.most_common(1)[0][0] if votes else "item"


_ENVELOPES = {"data", "result", "results", "item", "items", "rows", "hits"}
SIDELOADS = {"included", "linked", "_embedded", "embedded"}
"""Keys under which rows lie beside what an answer is about."""


def _envelope(location: Location) -> str | None:
    """The step that says what lies there; side-loaded rows are sorted by kind below one more."""
    steps = [step for step in location if step != "[]"]
    if len(steps) > 1 and steps[0] in SIDELOADS:
        steps = steps[1:]
    return steps[0] if steps and steps[0] not in _ENVELOPES else None


def _plural(word: str) -> bool:
    return naming.singular(word) != naming.snake(word)


def _name_apart(drafts: list[Draft]) -> None:
    seen: dict[str, Draft] = {}
    for draft in sorted(drafts, key=lambda each: -sum(len(s.instances) for s in each.roots)):
        if draft.name in seen:
            segments = naming.literals(draft.roots[0].template)
            extra = [naming.singular(part) for part in segments[-2:]]
            name = "_".join(dict.fromkeys([*extra, draft.name]))
            number = 2
            while name in seen:
                name = f"{draft.name}_{number}"
                number += 1
            draft.name = name
        seen[draft.name] = draft


def _singletons(shapes: list[Shape], drafts: list[Draft]) -> list[Draft]:
    """Objects without an identifier that one fixed path reads and writes."""
    used = {id(shape) for draft in drafts for shape in draft.shapes}
    by_template: dict[str, list[Shape]] = defaultdict(list)
    for shape in shapes:
        if id(shape) not in used and shape.location == () and "{" not in shape.template:
            by_template[shape.template].append(shape)
    found = []
    names = {draft.name for draft in drafts}
    for template, group in by_template.items():
        methods = {shape.method for shape in group}
        name = naming.singular((naming.literals(template) or ["item"])[-1])
        if "GET" in methods and methods & {"PUT", "PATCH"} and name not in names:
            found.append(Draft(name, "", group, group, singleton=True))
    return found
