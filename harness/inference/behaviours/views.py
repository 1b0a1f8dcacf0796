"""What each field of an answer shows, by elimination.

Every field starts with all expressions that could produce it: a token, an embedded row, a relation
of the caller, a count, a constant, an absolute URL, a stored column. Each sample strikes out those
that it contradicts; the first left in that order is taken.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from harness.inference import naming
from harness.inference.model import (
    ColumnValue,
    Const,
    Expr,
    Render,
    RenderChildren,
    RuledOut,
    Template,
    Token,
    View,
    ViewField,
)
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.relations import Relations, Sample, Verdict
from harness.inference.state.resources import Draft, Shape, identity
from harness.inference.state.tokens import token_values
from harness.inference.state.world import World


@dataclass
class Views:
    """Views of every shape. `columns` are the fields of each draft that are stored."""

    views: list[View] = field(default_factory=list)
    by_shape: dict[int, View] = field(default_factory=dict)
    columns: dict[int, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))
    conditional: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    urls: dict[int, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))


def learn_views(world: World, keys: ForeignKeys) -> Views:
    """Explain every field of every shape."""
    samples: dict[int, list[Sample]] = defaultdict(list)
    for observation in world.observations:
        for shape, value, row in world.shown.get(observation.index, ()):
            samples[id(shape)].append(Sample(observation, value, row, world.caller(observation)))
    learner = _Learner(world, keys, samples)
    for draft in world.drafts:
        learner.explain_draft(draft)
    for draft in world.drafts:
        for shape in _by_importance(draft.shapes, draft):
            learner.register(shape, draft)
    return learner.result


class _Learner:
    def __init__(self, world: World, keys: ForeignKeys, samples: dict[int, list[Sample]]) -> None:
        self.world = world
        self.keys = keys
        self.samples = samples
        self.result = Views()
        self.drafts = {id(shape): draft for draft in world.drafts for shape in draft.shapes}
        self.places = {
            (shape.method, shape.template, shape.location): shape
            for draft in world.drafts
            for shape in draft.shapes
        }
        self.relations = Relations(world, keys)
        self.verdicts: dict[tuple[int, str], list[tuple[Expr, Verdict]]] = {}
        self.unnamed: dict[int, View] = {}
        self.inner: dict[tuple[int, str], Shape] = {}

    def explain_draft(self, draft: Draft) -> None:
        shapes = [shape for shape in draft.shapes if self.samples[id(shape)]]
        computed = self._computed(draft, shapes)
        for shape in shapes:
            view = View(name="", entity=draft.name, fields=[])
            for key, count in shape.keys.items():
                if self._conditional(shape, key, count, shapes):
                    self.result.conditional[id(draft)].append(key)
                    continue
                value = self._explain(draft, shape, key, computed.get(key))
                omitted = count < len(shape.instances) and not any(
                    each.get(key, 0) is None for _, each in shape.instances
                )
                view.fields.append(
                    ViewField(
                        key=key,
                        value=value,
                        omit_null=omitted,
                        evidence=self._shown(shape, key),
                        ruled_out=self._ruled_out(draft, shape, key, value),
                    )
                )
            for key in sorted(self.world.sparse[id(draft)] - set(shape.keys)):
                if key not in self.result.conditional[id(draft)]:
                    plain = ColumnValue(row="row", path=[naming.snake(key)])
                    view.fields.append(ViewField(key=key, value=plain, omit_null=True))
            self.unnamed[id(shape)] = view
        self.result.columns[id(draft)].update(dict.fromkeys(draft.unshown))

    def register(self, shape: Shape, draft: Draft) -> View | None:
        """Name the view of a shape, or share an equal one; embedded shapes come first."""
        if (done := self.result.by_shape.get(id(shape))) is not None:
            return done
        view = self.unnamed.get(id(shape))
        if view is None:
            return None
        for each in view.fields:
            inner = self.inner.get((id(shape), each.key))
            if inner is not None and isinstance(each.value, Render | RenderChildren):
                named = self.register(inner, self.drafts[id(inner)])
                each.value.view = named.name if named else ""
        for other in self.result.views:
            if _equal(other, view):
                for mine in other.fields:
                    theirs = next(f for f in view.fields if f.key == mine.key)
                    mine.omit_null = mine.omit_null or theirs.omit_null
                    mine.evidence = [*dict.fromkeys([*mine.evidence, *theirs.evidence])]
                    known = [each.value.kind for each in mine.ruled_out]
                    mine.ruled_out += [x for x in theirs.ruled_out if x.value.kind not in known]
                self.result.by_shape[id(shape)] = other
                return other
        taken = {other.name for other in self.result.views}
        nested = not any(shape is root for root in draft.roots)
        view.name = next(name for name in _names(shape, draft, nested=nested) if name not in taken)
        self.result.views.append(view)
        self.result.by_shape[id(shape)] = view
        return view

    def _conditional(self, shape: Shape, key: str, count: int, shapes: list[Shape]) -> bool:
        """An embedded resource that only some requests of the operation asked for."""
        location = (*shape.location, key)
        place = (shape.method, shape.template)
        embedded = (*place, location) in self.places or (*place, (*location, "[]")) in self.places
        everywhere = any(other.keys.get(key, 0) == len(other.instances) for other in shapes)
        if embedded and count == len(shape.instances):
            asked = all(observation.query for observation, _ in shape.instances)
            return asked and any(key not in other.keys for other in shapes)
        return embedded and not everywhere

    def _computed(self, draft: Draft, shapes: list[Shape]) -> dict[str, list[Expr]]:
        """Relations of the caller and counts that some shape really shows changing."""
        found: dict[str, list[Expr]] = defaultdict(list)
        written = {draft.key, *self.keys.scalar_fields(draft), *self._written(draft)}
        for shape in shapes:
            for key in set(shape.keys) - written:
                on = any(sample.value.get(key) for sample in self.samples[id(shape)])
                for expr, verdict in self._verdicts(draft, shape, key) if on else ():
                    if verdict.telling and verdict.against is None and expr not in found[key]:
                        found[key].append(expr)
        return found

    def _verdicts(self, draft: Draft, shape: Shape, key: str) -> list[tuple[Expr, Verdict]]:
        """What the samples of a field say of each relation that it could show."""
        place = (id(shape), key)
        if place not in self.verdicts:
            samples = [s for s in self.samples[id(shape)] if key in s.value]
            self.verdicts[place] = [
                (each.expr, each.judge(samples, key))
                for each in self.relations.of(draft)
                if all(type(sample.value[key]) is each.type for sample in samples)
            ]
        return self.verdicts[place]

    def _written(self, draft: Draft) -> set[str]:
        """Fields that requests set: what is sent is stored."""
        names: set[str] = set()
        for observation in self.world.observations:
            shown = (each for _, each in self.world.roots[observation.key])
            writes = observation.method != "GET" and any(each is draft for each in shown)
            if writes and isinstance(observation.body, dict):
                names.update(observation.body)
                for value in observation.body.values():
                    names.update(value if isinstance(value, dict) else ())
        return names

    def _explain(self, draft: Draft, shape: Shape, key: str, computed: list[Expr] | None) -> Expr:
        samples = [s for s in self.samples[id(shape)] if key in s.value]
        values = [s.value[key] for s in samples]
        if (expr := self._special(draft, shape, key, samples)) is not None:
            return expr
        for expr, verdict in self._verdicts(draft, shape, key) if computed else ():
            if expr in (computed or ()) and verdict.against is None:
                return expr
        if computed and all(value == values[0] for value in values):
            return Const(value=values[0])
        self.result.columns[id(draft)][key] = None
        return ColumnValue(row="row", path=[naming.snake(key)])

    def _shown(self, shape: Shape, key: str) -> list[str]:
        """A few exchanges that show the field, those with telling values first."""
        samples = [s for s in self.samples[id(shape)] if key in s.value]
        samples.sort(key=lambda s: s.value[key] in (False, 0, None, "", []))
        return list(dict.fromkeys(s.observation.id for s in samples))[:5]

    def _ruled_out(self, draft: Draft, shape: Shape, key: str, chosen: Expr) -> list[RuledOut]:
        """The relations and the constant that a sample contradicts."""
        found = [
            RuledOut(value=expr, evidence=[verdict.against.observation.id])
            for expr, verdict in self._verdicts(draft, shape, key)
            if verdict.against is not None and expr != chosen
        ]
        samples = [s for s in self.samples[id(shape)] if key in s.value]
        values = [sample.value[key] for sample in samples]
        if all(isinstance(value, int) for value in values) and len(set(values)) > 1:
            against = next(s for s in samples if s.value[key] != values[0])
            constant = Const(value=values[0])
            found.append(RuledOut(value=constant, evidence=[against.observation.id]))
        return found

    def _special(self, draft: Draft, shape: Shape, key: str, samples: list[Sample]) -> Expr | None:
        texts = [s.value[key] for s in samples if isinstance(s.value[key], str)]
        if texts and self._is_token(draft, key, texts, samples):
            return Token(row="row")
        location = (*shape.location, key)
        nested = self.places.get((shape.method, shape.template, location))
        if nested is not None:
            self.inner[id(shape), key] = nested
            return Render(row="row", path=[f"{naming.snake(key)}_id"], view="")
        children = self.places.get((shape.method, shape.template, (*location, "[]")))
        if children is not None:
            child = self.drafts[id(children)]
            for column, parent in self.keys.of(child).items():
                if parent is draft:
                    self.inner[id(shape), key] = children
                    return RenderChildren(row="row", entity=child.name, column=column, view="")
        return self._url(draft, key, samples)

    def _is_token(self, draft: Draft, key: str, texts: list[str], samples: list[Sample]) -> bool:
        if self.world.user is None or not all(token_values({key: text}) for text in texts):
            return False
        used = any(
            (sample.observation.recording, text) in self.world.credentials
            for sample, text in zip(samples, texts, strict=False)
        )
        return used or draft is self.world.user

    def _url(self, draft: Draft, key: str, samples: list[Sample]) -> Expr | None:
        """An absolute URL on the original's origin that ends in the row's identifier."""
        if not samples:
            return None
        templates = set()
        for sample in samples:
            value = sample.value[key]
            if not isinstance(value, str) or not value.startswith(sample.observation.origin):
                return None
            tail = value[len(sample.observation.origin) :]
            mark = identity(sample.row.value(draft.key, sample.observation.index))
            if mark is None or not tail.endswith(f"/{mark}"):
                return None
            templates.add(tail[: -len(mark)])
        if len(templates) != 1:
            return None
        self.result.urls[id(draft)][key] = templates.pop()
        source = "id" if draft.key == key else naming.snake(draft.key)
        return Template(
            text="{origin}" + self.result.urls[id(draft)][key] + "{key}",
            values={"key": ColumnValue(row="row", path=[source])},
        )


def _by_importance(shapes: list[Shape], draft: Draft) -> list[Shape]:
    roots = {id(shape) for shape in draft.roots}
    return sorted(
        shapes,
        key=lambda shape: (
            id(shape) not in roots,
            shape.is_list,
            shape.method != "GET",
            shape.template.count("/"),
            shape.template,
            shape.location,
        ),
    )


def _equal(left: View, right: View) -> bool:
    return left.entity == right.entity and {f.key: f.value for f in left.fields} == {
        f.key: f.value for f in right.fields
    }


def _names(shape: Shape, draft: Draft, *, nested: bool) -> list[str]:
    steps = [step for step in shape.location if step != "[]"]
    generic = {"data", "items", "results", "rows", "hits", "result"}
    own = naming.pascal(naming.singular(steps[-1])) if steps and steps[-1] not in generic else ""
    base = naming.pascal(draft.name)
    action = naming.pascal("_".join(naming.literals(shape.template)[-1:]))
    names = [own] if own and own != base else [base]
    if nested and len(steps) > 1:
        names.append(f"{naming.pascal(naming.singular(steps[-2]))}{own}")
    elif shape.is_list:
        names = [f"{base}ListItem", f"{base}{action}Item", *names]
    names += [f"{base}{own}", f"{base}{action}", f"{base}{naming.pascal(shape.method)}{action}"]
    return [*(name for name in names if name), *(f"{base}View{n}" for n in range(2, 99))]
