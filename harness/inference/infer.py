"""Infer the API model of an application from its recordings."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.inference import naming
from harness.inference.behaviours import fallbacks
from harness.inference.behaviours.entities import Entities, build_entities
from harness.inference.behaviours.knowledge import Knowledge
from harness.inference.behaviours.operations import Assembled, assemble
from harness.inference.behaviours.views import Views, learn_views
from harness.inference.behaviours.writes import Writes
from harness.inference.model import (
    ApiModel,
    ColumnValue,
    Link,
    Operation,
    Part,
    Taken,
)
from harness.inference.observe import Observation, observe
from harness.inference.paths.templates import Templates, learn
from harness.inference.requests.layout import ignore_unread_forms
from harness.inference.requests.rules import learn_requests
from harness.inference.schemas.endpoints import learn_endpoints
from harness.inference.seed import seed_states
from harness.inference.sockets import learn_sockets
from harness.inference.state.ages import add_age_columns
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.open_sessions import open_sessions
from harness.inference.state.privileges import deduce_privileges
from harness.inference.state.references import loosen_references
from harness.inference.state.resources import draft_entities
from harness.inference.state.world import World
from harness.traffic.exchange import Exchange, Exchanges

BUDGET = 2 * 2**20
"""Bytes of bodies per recording from which behaviours are learned: the start of each."""


class Named(Protocol):
    """A recording: a name, and its exchanges in order, as often as asked."""

    @property
    def name(self) -> str: ...

    def __iter__(self) -> Exchanges: ...


def infer(recordings: Sequence[Named], *, title: str = "API") -> ApiModel:
    """Learn everything the recordings show.

    Behaviours are learned from the first `BUDGET` bytes of each recording, endpoints and schemas
    from all of it.
    """
    templates = learn(exchange for recording in recordings for exchange in recording)
    findings = list(templates.findings)
    endpoints = learn_endpoints(recordings, templates, findings)
    model = _behaviours(understand(recordings, templates), title=title)
    model.endpoints = endpoints
    model.recordings = [recording.name for recording in recordings]
    model.hosts = sorted({endpoint.host for endpoint in endpoints})
    model.sockets = learn_sockets(recordings, model.operations, findings)
    model.findings = [*findings, *model.findings]
    return model


def _observations(recordings: Sequence[Named], templates: Templates) -> list[Observation]:
    observations: list[Observation] = []
    for recording in recordings:
        spent = 0
        kept: list[Exchange] = []
        for exchange in recording:
            size = len(exchange.request.body)
            size += len(exchange.response.body) if exchange.response else 0
            spent += size
            if spent > BUDGET:
                break
            kept.append(exchange)
        observations.extend(observe(recording.name, kept, templates, len(observations)))
    ignore_unread_forms(observations)
    return observations


@dataclass
class Understanding:
    """What the recordings show before it is put together."""

    observations: list[Observation]
    world: World
    keys: ForeignKeys
    views: Views


def understand(recordings: Sequence[Named], templates: Templates | None = None) -> Understanding:
    """Rows, relations and views of all recordings together."""
    if templates is None:
        templates = learn(exchange for recording in recordings for exchange in recording)
    observations = _observations(recordings, templates)
    drafts = draft_entities(observations)
    world = World(observations, drafts)
    if holders := open_sessions(world):
        world = World(observations, drafts, holders)
    keys = ForeignKeys(world)
    deduce_privileges(world, keys)
    return Understanding(observations, world, keys, learn_views(world, keys))


def _behaviours(known: Understanding, *, title: str) -> ApiModel:
    """Entities, relations, operations and seed states."""
    observations, world, keys, views = known.observations, known.world, known.keys, known.views
    writes = Writes(world, keys, views.columns)
    entities = build_entities(world, keys, views, writes)
    schemes = fallbacks.accepted_schemes(observations, world)
    requests = learn_requests(observations)
    knowledge = Knowledge(world, keys, views, writes, entities, requests, schemes)
    assembled = assemble(knowledge)
    _finish(assembled, observations, entities, world)
    model = ApiModel(
        title=title,
        base=_base(assembled.operations),
        auth=fallbacks.learn_auth(observations, world, schemes),
        entities=entities.entities,
        links=_links(world),
        views=views.views,
        operations=assembled.operations,
        fallbacks=fallbacks.learn_fallbacks(assembled.strays, assembled.operations),
        findings=assembled.findings,
    )
    add_age_columns(model)
    _use_primary_keys(model)
    _reachable_views(model)
    loosen_references(model)
    model.seeds = seed_states(world, keys, views, model)
    return model


def _finish(
    assembled: Assembled, observations: list[Observation], entities: Entities, world: World
) -> None:
    by_key: dict[tuple[str, str], list[Observation]] = defaultdict(list)
    for observation in observations:
        by_key[observation.key].append(observation)
    groups = {each.id: by_key[each.method, each.path] for each in assembled.operations}
    fallbacks.set_auth_modes(assembled.operations, groups)
    fallbacks.carry_over(assembled.operations, groups, world)
    for operation in assembled.operations:
        for check in operation.checks:
            if isinstance(check.when, Taken):
                entity = next(e for e in entities.entities if e.name == check.when.entity)
                entity.column(check.when.column).unique = True


def _links(world: World) -> list[Link]:
    found: list[Link] = []
    if world.user is None:
        return found
    for link in world.links:
        source, target = f"{world.user.name}_id", f"{link.target.name}_id"
        if source == target:
            source, target = f"{link.name}er_id", f"{link.name}ed_id"
            if link.name.endswith("e"):
                source, target = f"{link.name}r_id", f"{link.name}d_id"
        found.append(
            Link(
                name=link.name,
                source=world.user.name,
                target=link.target.name,
                source_column=source,
                target_column=target,
            )
        )
    return found


def _base(operations: list[Operation]) -> str:
    paths = [naming.literals(operation.path.split("/{")[0]) for operation in operations]
    if len(paths) < 2:  # noqa: PLR2004
        return ""
    common = []
    for parts in zip(*paths, strict=False):
        if len(set(parts)) > 1:
            break
        common.append(parts[0])
    return "/" + "/".join(common) if common else ""


def _use_primary_keys(model: ApiModel) -> None:
    """Write out the primary key's own name where expressions say `id`."""
    primary = {entity.name: entity.pk for entity in model.entities}
    references = {
        (entity.name, column.name): column.references
        for entity in model.entities
        for column in entity.columns
        if column.references
    }
    for operation in model.operations:
        rows = _entities_of_rows(model, operation)
        for part in _parts(operation):
            if isinstance(part, ColumnValue) and part.path[-1] == "id":
                entity = rows.get(part.row)
                for step in part.path[:-1]:
                    entity = references.get((entity or "", step))
                if entity:
                    part.path[-1] = primary[entity]
        for order in operation.query.order if operation.query else ():
            if order.column == "id":
                order.column = primary[rows["row"]]


def _entities_of_rows(model: ApiModel, operation: Operation) -> dict[str, str]:
    """The entity of every row that an operation names."""
    rows = {lookup.name: lookup.entity for lookup in operation.lookups}
    for effect in operation.effects:
        if effect.kind == "insert":
            rows["created"] = effect.entity
    if model.auth:
        rows["me"] = model.auth.user
    if operation.query:
        rows["row"] = operation.query.entity
    return rows


def _parts(part: object) -> list[Part]:
    """Every syntax tree node of a model part."""
    found: list[Part] = []
    if isinstance(part, Part):
        found.append(part)
        for name in type(part).model_fields:
            found.extend(_parts(getattr(part, name)))
    elif isinstance(part, list | tuple):
        for item in part:
            found.extend(_parts(item))
    elif isinstance(part, dict):
        for item in part.values():
            found.extend(_parts(item))
    return found


def _reachable_views(model: ApiModel) -> None:
    """Drop views that no answer uses any more."""
    names = {
        view
        for operation in model.operations
        for part in _parts(operation)
        if (view := getattr(part, "view", None))
    }
    while True:
        more = {
            view
            for each in model.views
            if each.name in names
            for part in _parts(each)
            if (view := getattr(part, "view", None))
        } - names
        if not more:
            break
        names |= more
    model.views = [view for view in model.views if view.name in names]
