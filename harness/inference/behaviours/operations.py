"""Operations: every endpoint as checks, lookups, effects and an answer."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from harness.inference.behaviours.answers import AnswerContext, answer_template
from harness.inference.behaviours.checks import learn_checks
from harness.inference.behaviours.conditions import fits
from harness.inference.behaviours.entities import Vocabulary
from harness.inference.behaviours.knowledge import Key, Knowledge
from harness.inference.behaviours.lookups import Lookups
from harness.inference.behaviours.operation_names import OperationNames, name_apart
from harness.inference.behaviours.scene import Scene
from harness.inference.behaviours.sideloads import Sideloads, is_sideload
from harness.inference.behaviours.writes import WriteFacts
from harness.inference.lists import siblings as list_siblings
from harness.inference.lists.query import ListFacts, learn_query
from harness.inference.model import (
    ColumnType,
    ColumnValue,
    Const,
    Delete,
    DeleteMatching,
    Effect,
    EndSession,
    Expr,
    FieldType,
    Finding,
    InputField,
    InputValue,
    Insert,
    Lookup,
    Operation,
    OperationKind,
    Order,
    Param,
    Query,
    RequestBody,
    ResponseTemplate,
    SetLink,
    Update,
)
from harness.inference.observe import Observation, at
from harness.inference.state.resources import Draft, Shape, identity
from harness.inference.state.rows import Row
from harness.inference.state.tokens import PASSWORD, leaves, tokens_in

_FIELD_TYPES: dict[ColumnType, FieldType] = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "strings": "strings",
    "json": "any",
}
LIST_SAMPLES = 24
"""Answers with the same parameters from which a list's query is learned: more teach little."""


@dataclass
class Assembled:
    operations: list[Operation] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    refused: dict[str, list[Observation]] = field(default_factory=dict)
    subjects: dict[str, Draft | None] = field(default_factory=dict)
    strays: list[Observation] = field(default_factory=list)
    """Answers where no operation is: unknown paths, wrong methods."""


def assemble(knowledge: Knowledge) -> Assembled:
    groups: dict[Key, list[Observation]] = defaultdict(list)
    result = Assembled()
    listings: dict[Key, ListFacts] = {}
    for observation in knowledge.world.observations:
        if observation.template is None or observation.method in {"HEAD", "OPTIONS"}:
            result.strays.append(observation)
        else:
            groups[observation.key].append(observation)
    real = {key for key, group in groups.items() if _is_operation(group)}
    for key, group in groups.items():
        if key not in real:
            result.strays.extend(group)
            continue
        stray = [each for each in group if each.status == 405]  # noqa: PLR2004
        result.strays.extend(stray)
        builder = _Builder(knowledge, key, [each for each in group if each not in stray])
        result.operations.append(builder.build())
        result.findings.extend(builder.findings)
        if builder.listing is not None:
            listings[key] = builder.listing
    list_siblings.carry_over(listings)
    name_apart(result.operations)
    result.operations.sort(key=lambda each: (each.resource, each.path, each.method))
    return result


def _is_operation(group: list[Observation]) -> bool:
    return any(each.status not in {404, 405} for each in group)


class _Builder:
    """Builds one operation."""

    def __init__(self, knowledge: Knowledge, key: Key, group: list[Observation]) -> None:
        self.know = knowledge
        self.world = knowledge.world
        self.method, self.template = self.key = key
        self.accepted = [each for each in group if each.status < 400]  # noqa: PLR2004
        self.refused = [each for each in group if each.status >= 400]  # noqa: PLR2004
        self.group = group
        self.findings: list[Finding] = []
        roots = self.world.roots.get(key, [])
        self.roots = sorted(roots, key=lambda root: is_sideload(root[0].location))
        self.link = next((x for x in self.world.links if key in {x.on, x.off}), None)
        self.facts: WriteFacts | None = knowledge.writes.operations.get(key)
        self.request = knowledge.requests.get(key)
        self.listing: ListFacts | None = None
        finder = Lookups(knowledge, key, self.accepted)
        self.lookups, self.drafts, self.row_names = finder.found, finder.drafts, finder.names
        finder.find_by_path(group)
        self.kind = self._kind()
        if self.kind == "login":
            finder.find_by_login()
        finder.find_by_token()

    # ------------------------------------------------------------------ what it is

    def _single(self) -> tuple[Shape, Draft] | None:
        return next(((s, d) for s, d in self.roots if not s.is_list), None)

    def _listed(self) -> tuple[Shape, Draft] | None:
        return next(iter(self._lists()), None)

    def _lists(self) -> list[tuple[Shape, Draft]]:
        """The lists that an answer is about, without what lies beside it."""
        return [(s, d) for s, d in self.roots if s.is_list and not is_sideload(s.location)]

    def _kind(self) -> OperationKind:
        single, listed = self._single(), self._listed()
        user = self.world.user
        password = any(
            PASSWORD.search(name)
            for each in self.accepted
            for name, _ in leaves(each.body)
            if each.body is not None
        )
        tokens = any(tokens_in(each) for each in self.accepted)
        if self.link is not None:
            return "link" if self.key == self.link.on else "unlink"
        if self.key in self.world.creators and single:
            anonymous = any(not each.credential for each in self.accepted)
            return "register" if single[1] is user and password and anonymous else "create"
        if self.method == "POST" and password and tokens and not self._ends_in_key():
            return "login"
        if self.key in self.world.logouts:
            return "logout"
        if self.method in {"GET", "DELETE"}:
            read = self.method == "GET"
            return self._read_kind(single, listed) if read else self._delete_kind(listed)
        return self._write_kind(single)

    def _delete_kind(self, listed: tuple[Shape, Draft] | None) -> OperationKind:
        if self._ends_in_key() and self.drafts:
            return "delete"
        if listed:
            return "delete_all"
        buried = any(
            row.died == each.index
            for each in self.accepted
            if (row := self.world.caller(each)) is not None
        )
        return "delete" if buried else "constant"

    def _write_kind(self, single: tuple[Shape, Draft] | None) -> OperationKind:
        if self.facts is not None and (self.facts.inputs or self.facts.values):
            if self.method == "POST" and not self.facts.replace:
                return "action"
            return "replace" if self.facts.replace else "merge"
        own = single is not None and (bool(self.drafts) or single[1] is self.world.user)
        return "read" if own else "constant"

    def _read_kind(
        self, single: tuple[Shape, Draft] | None, listed: tuple[Shape, Draft] | None
    ) -> OperationKind:
        if len(self._lists()) > 1:
            return "constant"
        if self._vocabulary() is not None or (listed and not single):
            return "list"
        if single is None:
            return "constant"
        if single[1].singleton or self._subject_draft() is single[1]:
            return "read"
        return "current_user" if single[1] is self.world.user else "constant"

    def _ends_in_key(self) -> bool:
        return self.template.rstrip("/").endswith("}")

    def _subject_draft(self) -> Draft | None:
        return self.drafts[-1].draft if self.drafts else None

    def _vocabulary(self) -> Vocabulary | None:
        return next((v for v in self.know.entities.vocabularies if v.operation == self.key), None)

    def _fields(self, observation: Observation) -> dict[str, Any]:
        return self.know.writes.fields(observation)

    # ------------------------------------------------------------------ assembly

    def build(self) -> Operation:
        facts = self.listing = self._list_facts()
        subject = self._subject()
        context = self._answer_context(facts, subject)
        response = answer_template(self.accepted or self.refused, context)
        self.findings.extend(context.findings)
        refused = self._unusual(response)
        learned = learn_checks(self.accepted, refused, self._scene(subject, facts))
        self.findings.extend(learned.findings)
        draft, names = self._resource_draft(), self._names(subject)
        return Operation(
            id=names.name(draft),
            method=self.method,
            path=self.template,
            resource=names.resource(draft),
            kind=self.kind,
            summary=names.summary(draft),
            path_params=[
                Param(name=name, type=kind, required=True)
                for name, kind in self._param_types().items()
            ],
            query_params=facts.params if facts else [],
            request=self._request_body(),
            lookups=self.lookups,
            checks=learned.checks,
            ruled_out=learned.ruled_out,
            effects=self._effects(subject),
            query=self._query(facts),
            response=response,
            evidence=[each.id for each in self.accepted][:20],
        )

    def _unusual(self, response: ResponseTemplate) -> list[Observation]:
        """Refusals but for those that an operation without success answers when all is well."""
        if self.accepted or response.status in {401, 403}:
            return self.refused
        return [each for each in self.refused if each.status != response.status]

    def _list_facts(self) -> ListFacts | None:
        listed = self._listed()
        if self.kind not in {"list", "delete_all"} or listed is None:
            return None
        shape, draft = listed
        lookups = {
            each.param: (each.name, each.draft) for each in self.drafts if each.param is not None
        }
        facts = learn_query(self.know.columns, self._list_samples(), shape, draft, lookups)
        self.findings.extend(facts.findings)
        return facts

    def _list_samples(self) -> list[Observation]:
        """Some answers of every combination of parameters and recording, spread over time."""
        groups: dict[tuple[str, frozenset[str]], list[Observation]] = defaultdict(list)
        for each in self.accepted:
            if each.ok:
                groups[each.recording, frozenset(name for name, _ in each.query)].append(each)
        chosen: list[Observation] = []
        for group in groups.values():
            step = max(1, len(group) // LIST_SAMPLES)
            chosen.extend(group[::step])
        return sorted(chosen, key=lambda each: each.index)

    def _query(self, facts: ListFacts | None) -> Query | None:
        if facts is not None:
            return facts.query
        vocabulary = self._vocabulary()
        if vocabulary is not None and self.kind == "list":
            return Query(entity=vocabulary.name, order=[self._vocabulary_order(vocabulary)])
        return None

    def _vocabulary_order(self, vocabulary: Vocabulary) -> Order:
        lists = [v for each in self.accepted for v in at(each.answer, vocabulary.location)]
        alphabetical = all(value == sorted(value) for value in lists)
        return Order(column="name" if alphabetical else "id")

    def _subject(self) -> str | None:
        """The name of the row that the operation's own resource is."""
        single = self._single()
        if self.kind in {"create", "register"}:
            return "created"
        if self.drafts and (single is None or self.drafts[-1].draft is single[1]):
            return self.drafts[-1].name
        if single is not None and single[1].singleton:
            self._singleton_lookup(single[1])
            return single[1].name
        if single is not None and single[1] is not self.world.user:
            return None
        return "me" if self.world.user is not None else None

    def _singleton_lookup(self, draft: Draft) -> None:
        if not any(each.entity == draft.name for each in self.lookups):
            self.lookups.append(Lookup(name=draft.name, entity=draft.name, column=None, value=None))

    def _rows(self, subject: str | None) -> dict[str, dict[int, Row]]:
        rows: dict[str, dict[int, Row]] = defaultdict(dict)
        for each in self.accepted:
            targets = self.world.targets.get(each.index, {})
            for param, row in targets.items():
                if param in self.row_names:
                    rows[self.row_names[param]][each.index] = row
            if (caller := self.world.caller(each)) is not None:
                rows["me"][each.index] = caller
            if (created := self.world.created.get(each.index)) is not None:
                rows["created"][each.index] = created
        del subject
        return rows

    def _answer_context(self, facts: ListFacts | None, subject: str | None) -> AnswerContext:
        usable = self.kind != "constant"
        roots = {shape.location: shape for shape, _ in self.roots} if usable else {}
        vocabulary = self._vocabulary()
        return AnswerContext(
            views=self.know.views,
            roots=roots,
            subject=subject,
            rows=self._rows(subject),
            fields={each.index: self._fields(each) for each in self.accepted},
            page=facts.total_key_exprs if facts else {},
            page_headers=facts.headers if facts else {},
            vocabulary=vocabulary.location if vocabulary else None,
            sideloads=self._sideloads(subject, facts) if usable else None,
        )

    def _sideloads(self, subject: str | None, facts: ListFacts | None) -> Sideloads:
        listed = self._listed() if facts is not None else None
        return Sideloads(
            self.world,
            self.know.keys,
            {shape.location: (shape, draft) for shape, draft in self.roots},
            subject,
            self._rows(subject).get(subject or "", {}),
            listed[1] if listed else None,
        )

    def _scene(self, subject: str | None, facts: ListFacts | None) -> Scene:
        written = None
        inputs: dict[str, str] = {}
        if self.facts is not None:
            written = self.know.writes.samples[self.key][0].row.draft
            inputs = self.facts.inputs
        query_types = {p.name: p.type for p in facts.params} if facts else {}
        return Scene(
            world=self.world,
            keys=self.know.keys,
            lookups=self.drafts,
            subject=subject,
            fields=self._fields,
            inputs=inputs,
            written=written,
            request=self.request,
            link=self.link,
            schemes=self.know.schemes,
            param_types=self._param_types(),
            query_types=query_types,
            primary=self.know.entities.primary,
            stored=self.know.views.columns,
        )

    def _param_types(self) -> dict[str, str]:
        names: dict[str, None] = {}
        for each in self.group:
            names.update(dict.fromkeys(each.params))
        found = {}
        for name in names:
            values = [each.params[name] for each in self.accepted if name in each.params]
            as_text = False
            binding = self.world.bindings.get((self.template, name))
            if binding is not None:
                raw = [
                    value
                    for row in self.world.rows[id(binding.draft)]
                    for value in row.facts.get(binding.field, ((), ()))[1]
                ]
                as_text = any(isinstance(value, str) for value in raw)
                values += [text for value in raw if (text := identity(value))]
            found[name] = next(
                (
                    kind
                    for kind in ("digits" if as_text else "integer", "uuid")
                    if values and all(fits(value, kind) for value in values)
                ),
                "string",
            )
        return found

    def _request_body(self) -> RequestBody | None:
        body = self.request.body if self.request is not None else RequestBody()
        body.any_shape = any(isinstance(each.body, list | str | int) for each in self.accepted)
        if self.facts is not None:
            body.fields = [each for each in body.fields if self._matters(each, self.facts)]
            self._complete(body, self.facts)
            for each in body.fields:
                each.normalize = list(self.facts.normalize.get(each.name, []))
                each.nullable = each.nullable or "blank_to_null" in each.normalize
        return body if body.fields or body.envelope or body.body_rules else None

    @staticmethod
    def _matters(field: InputField, facts: WriteFacts) -> bool:
        """Whether a field has an effect, or was seen to be refused: clients send more than that."""
        read = set(facts.inputs.values())
        read.update(v.name for v in facts.values.values() if isinstance(v, InputValue))
        refused = any(not rule.assumed for rule in field.rules)
        return field.name in read or refused or PASSWORD.search(field.name) is not None

    def _complete(self, body: RequestBody, facts: WriteFacts) -> None:
        """Add fields that siblings take and this operation was not sent yet."""
        known = {each.name for each in body.fields}
        entity = self.know.entities.of(self.know.writes.samples[self.key][0].row.draft)
        for column_name, name in facts.inputs.items():
            column = next((each for each in entity.columns if each.name == column_name), None)
            if name in known or column is None:
                continue
            known.add(name)
            kind = _FIELD_TYPES.get(column.type, "string")
            body.fields.append(InputField(name=name, type=kind, nullable=column.nullable))

    def _effects(self, subject: str | None) -> list[Effect]:
        step = self.world.steps.get(self.key)
        if step is not None and subject:
            return [Update(row=subject, values={step.column: Const(value=True)})]
        return self._usual_effects(subject)

    def _usual_effects(self, subject: str | None) -> list[Effect]:
        if self.kind in {"create", "register"} and self.facts is not None:
            draft = self.know.writes.samples[self.key][0].row.draft
            return [Insert(entity=draft.name, values=self._renamed(self.facts.values))]
        if self.kind in {"merge", "replace", "action"} and self.facts is not None and subject:
            return [
                Update(
                    row=subject,
                    inputs=self.facts.inputs,
                    values=self._renamed(self.facts.values),
                    replace=self.facts.replace,
                )
            ]
        if self.kind == "delete":
            return [Delete(row=subject or "me")]
        if self.kind == "delete_all":
            return [DeleteMatching()]
        if self.link is not None and subject:
            return [SetLink(link=self.link.name, row=subject, on=self.key == self.link.on)]
        return [EndSession()] if self.kind == "logout" else []

    def _renamed(self, values: dict[str, Expr]) -> dict[str, Expr]:
        """Rows that were named after path parameters, named after their lookups."""
        renamed: dict[str, Expr] = {}
        for column, value in values.items():
            if isinstance(value, ColumnValue) and value.row in self.row_names:
                renamed[column] = ColumnValue(row=self.row_names[value.row], path=value.path)
            else:
                renamed[column] = value
        return renamed

    def _names(self, subject: str | None) -> OperationNames:
        vocabulary = self._vocabulary()
        return OperationNames(
            world=self.world,
            method=self.method,
            template=self.template,
            kind=self.kind,
            drafts=self.drafts,
            link=self.link,
            vocabulary=vocabulary.name if vocabulary else None,
            on_caller=subject == "me",
        )

    def _resource_draft(self) -> Draft | None:
        if self.roots:
            return self.roots[0][1]
        if self.drafts:
            return self.drafts[-1].draft
        own = self.kind in {"delete", "merge", "replace", "action"}
        return self.world.user if own else None
