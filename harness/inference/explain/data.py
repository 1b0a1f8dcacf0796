"""Entities, their fields, views and links explained."""

from collections.abc import Iterator

from harness.inference import naming
from harness.inference.explain.explanation import Explanation, Statement, say
from harness.inference.explain.operation import findings_on
from harness.inference.explain.wording import (
    column_words,
    effect_words,
    filter_words,
    listed,
    rule_words,
    value_words,
)
from harness.inference.model import (
    ApiModel,
    Auth,
    Column,
    ColumnValue,
    Entity,
    InputValue,
    Link,
    Operation,
    View,
    ViewField,
)


def explain_entity(model: ApiModel, entity: Entity) -> Explanation:
    kind = "collects the items of lists" if entity.vocabulary else f"keyed by {entity.pk}"
    only = ", has one row" if entity.singleton else ""
    explanation = Explanation(
        subject=entity.name,
        summary=f"An entity with {len(entity.columns)} columns, {kind}{only}.",
        evidence=entity.evidence,
    )
    explanation.add("Columns", [_column(each) for each in entity.columns])
    explanation.add("Relations", list(_relations(model, entity)))
    explanation.add("Shown as", [say(_shape(each)) for each in _views(model, entity)])
    explanation.add(
        "Operations",
        [say(f"{each.method} {each.path}: {each.summary}") for each in _touching(model, entity)],
    )
    explanation.add("At the start of a recording", list(_seeds(model, entity)))
    explanation.add("Not decided", findings_on(model, entity.name))
    return explanation


def explain_field(model: ApiModel, entity: Entity, name: str) -> Explanation | None:
    """How a field's value comes about; `name` is a JSON key or a column. None: no such field."""
    column = next((x for x in entity.columns if x.name in {name, naming.snake(name)}), None)
    names = {name, column.name if column else name}
    shown = [
        (view, field)
        for view in _views(model, entity)
        for field in view.fields
        if field.key in names or (column is not None and _stored_in(field, column))
    ]
    if column is None and not shown:
        return None
    computed = "" if column else " It is not stored: it is computed when it is shown."
    explanation = Explanation(
        subject=f"{entity.name}.{name}",
        summary=f"A field of {entity.name}.{computed}",
        evidence=column.evidence if column else [],
    )
    if column is not None:
        explanation.add("Column", [say(each) for each in column_words(column)])
        explanation.add("Set by", list(_setters(model, entity, column)))
    explanation.add("Shown", [_shown(view, field) for view, field in shown])
    explanation.add("Rules", list(_rules(model, entity, names)))
    explanation.add("Filters", list(_filters(model, entity, names)))
    explanation.add("Ruled out", list(_ruled_out(shown)))
    explanation.add("Not decided", findings_on(model, f"{entity.name}.{name}"))
    return explanation


def explain_view(model: ApiModel, view: View) -> Explanation:
    mark = f'"view":"{view.name}"'
    users = [each for each in model.operations if mark in each.model_dump_json()]
    explanation = Explanation(
        subject=view.name,
        summary=f"A JSON shape of the entity {view.entity}, with {len(view.fields)} fields.",
    )
    explanation.add("Fields", [_field(each) for each in view.fields])
    explanation.add("Answered by", [say(f"{x.method} {x.path}") for x in users])
    explanation.add("Part of", [say(text) for text in _mentions(model, mark)])
    explanation.add("Ruled out", list(_ruled_out([(view, each) for each in view.fields])))
    return explanation


def explain_link(model: ApiModel, link: Link) -> Explanation:
    explanation = Explanation(
        subject=link.name,
        summary=f"Links {link.source} to {link.target}, each pair once: "
        f"a table of {link.source_column} and {link.target_column}.",
        evidence=link.evidence,
    )
    switches = [
        say(f"{each.method} {each.path} {effect_words(effect)}", each.evidence)
        for each in model.operations
        for effect in each.effects
        if effect.kind == "set_link" and effect.link == link.name
    ]
    explanation.add("Switched by", switches)
    explanation.add("Shown", [say(text) for text in _mentions(model, f'"link":"{link.name}"')])
    return explanation


def explain_auth(model: ApiModel, auth: Auth) -> Explanation:
    schemes = listed([scheme or "the bare token" for scheme in auth.schemes])
    where = f"cookie {auth.cookie}" if auth.cookie else f"header {auth.header} with {schemes}"
    length = f" of {auth.token_length} characters" if auth.token_length else ""
    explanation = Explanation(
        subject="auth",
        summary=f"Requests say who they are in the {where}; the caller is a row of {auth.user}. "
        f"New tokens are {auth.token_format}{length}; passwords are kept in {auth.password}.",
        evidence=auth.evidence,
    )
    kinds = {"register", "login", "logout", "current_user"}
    explanation.add(
        "Operations",
        [say(f"{x.method} {x.path} ({x.kind})") for x in model.operations if x.kind in kinds],
    )
    required = [f"{x.method} {x.path}" for x in model.operations if x.auth == "required"]
    explanation.add("A token is required by", [say(each) for each in required])
    explanation.add("Not decided", findings_on(model, "auth"))
    return explanation


def field_names(model: ApiModel, entity: Entity) -> list[str]:
    """The JSON keys and columns of an entity."""
    keys = [field.key for view in _views(model, entity) for field in view.fields]
    return list(dict.fromkeys([*keys, *(each.name for each in entity.columns)]))


def _column(column: Column) -> Statement:
    return say(f"{column.name}: {'; '.join(column_words(column))}", column.evidence)


def _field(field: ViewField) -> Statement:
    absent = "; left out where it is null" if field.omit_null else ""
    return say(f"{field.key}: {value_words(field.value)}{absent}", field.evidence)


def _shown(view: View, field: ViewField) -> Statement:
    said = _field(field)
    return said.model_copy(update={"text": f"in {view.name}, {said.text}"})


def _shape(view: View) -> str:
    return f"{view.name}: {', '.join(field.key for field in view.fields)}"


def _views(model: ApiModel, entity: Entity) -> list[View]:
    return [each for each in model.views if each.entity == entity.name]


def _stored_in(field: ViewField, column: Column) -> bool:
    return field.value == ColumnValue(row="row", path=[column.name])


def _relations(model: ApiModel, entity: Entity) -> Iterator[Statement]:
    for other in model.entities:
        for column in other.columns:
            if column.references == entity.name:
                yield say(f"rows of {other.name} point to it by {column.name}", column.evidence)
    for link in model.links:
        if entity.name in {link.source, link.target}:
            yield say(f"the link {link.name} goes from {link.source} to {link.target}")


def _touching(model: ApiModel, entity: Entity) -> list[Operation]:
    views = [each.name for each in _views(model, entity)]
    marks = [f'"entity":"{entity.name}"', *(f'"view":"{name}"' for name in views)]
    return [x for x in model.operations if any(mark in x.model_dump_json() for mark in marks)]


def _seeds(model: ApiModel, entity: Entity) -> Iterator[Statement]:
    for seed in model.seeds:
        if rows := seed.tables.get(entity.name):
            yield say(f"{seed.recording}: {len(rows)} rows were there before it began")


def _setters(model: ApiModel, entity: Entity, column: Column) -> Iterator[Statement]:
    for operation in model.operations:
        for effect in operation.effects:
            text = ""
            if effect.kind == "insert" and effect.entity == entity.name:
                value = effect.values.get(column.name)
                text = value_words(value) if value else ""
            elif effect.kind == "update" and _row_entity(model, operation, effect.row) == entity:
                value = effect.values.get(column.name)
                name = effect.inputs.get(column.name)
                sent = value_words(InputValue(name=name)) if name else ""
                text = value_words(value) if value else f"{sent}, where it is sent" if sent else ""
            if text:
                where = f"{operation.method} {operation.path}"
                yield say(f"{where}: {text}", operation.evidence)


def _row_entity(model: ApiModel, operation: Operation, row: str) -> Entity | None:
    if row == "me":
        return model.entity(model.auth.user) if model.auth else None
    found = next((each for each in operation.lookups if each.name == row), None)
    return model.entity(found.entity) if found else None


def _rules(model: ApiModel, entity: Entity, names: set[str]) -> Iterator[Statement]:
    writes = ("insert", "update")
    for operation in _touching(model, entity):
        if operation.request is None or not any(x.kind in writes for x in operation.effects):
            continue
        for field in operation.request.fields:
            for rule in field.rules if field.name in names else ():
                where = f"{operation.method} {operation.path}"
                text = f"{where} answers {rule.status} when {rule_words(rule, field.name)}"
                yield say(text, rule.evidence, assumed=rule.assumed)


def _filters(model: ApiModel, entity: Entity, names: set[str]) -> Iterator[Statement]:
    for operation in model.operations:
        query = operation.query
        if query is None or query.entity != entity.name:
            continue
        for each in query.filters:
            if names & {step for path in [each.path, *each.paths] for step in path[:1]}:
                where = f"{operation.method} {operation.path}"
                yield say(f"{where}: {filter_words(each)}", each.evidence)


def _ruled_out(shown: list[tuple[View, ViewField]]) -> Iterator[Statement]:
    for view, field in shown:
        for each in field.ruled_out:
            yield say(f"{field.key} in {view.name} is {value_words(each.value)}", each.evidence)


def _mentions(model: ApiModel, mark: str) -> Iterator[str]:
    for view in model.views:
        for field in view.fields:
            if mark in field.value.model_dump_json():
                yield f"in {view.name}, {field.key}: {value_words(field.value)}"
