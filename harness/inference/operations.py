"""Operations: every endpoint as checks, lookups, effects and an answer."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from harness.inference import list_siblings, naming
from harness.inference.answers import AnswerContext, answer_template
from harness.inference.checks import learn_checks
from harness.inference.conditions import fits
from harness.inference.entities import Entities
from harness.inference.keys import ForeignKeys
from harness.inference.lists import ListFacts, learn_query
from harness.inference.model import (
    ColumnType,
    ColumnValue,
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
    PathValue,
    Query,
    RequestBody,
    SetLink,
    Update,
)
from harness.inference.observe import Observation
from harness.inference.request_facts import RequestFacts
from harness.inference.resources import Draft, Shape, identity
from harness.inference.rows import Row
from harness.inference.scene import LookupDraft, Scene
from harness.inference.tokens import PASSWORD, is_logout, leaves, token_values
from harness.inference.views import Views
from harness.inference.world import World
from harness.inference.writes import WriteFacts, Writes

Key = tuple[str, str]
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
class Knowledge:
    """Everything that the operations are assembled from."""

    world: World
    keys: ForeignKeys
    views: Views
    writes: Writes
    entities: Entities
    requests: dict[Key, RequestFacts]
    schemes: set[str]


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
    _name_apart(result.operations)
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
        self.roots = self.world.roots.get(key, [])
        self.link = next((x for x in self.world.links if key in {x.on, x.off}), None)
        self.facts: WriteFacts | None = knowledge.writes.operations.get(key)
        self.request = knowledge.requests.get(key)
        self.listing: ListFacts | None = None
        self.lookups: list[Lookup] = []
        self.drafts: list[LookupDraft] = []
        self.row_names: dict[str, str] = {}
        self._path_lookups()
        self.kind = self._kind()
        if self.kind == "login":
            self._login_lookup()

    # ------------------------------------------------------------------ what it is

    def _single(self) -> tuple[Shape, Draft] | None:
        return next(((s, d) for s, d in self.roots if not s.is_list), None)

    def _listed(self) -> tuple[Shape, Draft] | None:
        return next(((s, d) for s, d in self.roots if s.is_list), None)

    def _kind(self) -> OperationKind:  # noqa: C901, PLR0911, PLR0912
        single, listed = self._single(), self._listed()
        user = self.world.user
        password = any(
            PASSWORD.search(name)
            for each in self.accepted
            for name, _ in leaves(each.body)
            if each.body is not None
        )
        tokens = any(token_values(each.answer) for each in self.accepted)
        if self.link is not None:
            return "link" if self.key == self.link.on else "unlink"
        if self.key in self.world.creators and single:
            anonymous = any(not each.credential for each in self.accepted)
            return "register" if single[1] is user and password and anonymous else "create"
        if self.method == "POST" and password and tokens and not self._ends_in_key():
            return "login"
        if is_logout(self.method, self.template):
            return "logout"
        if self.method == "GET":
            return self._read_kind(single, listed)
        if self.method == "DELETE":
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
        if self.facts is not None and (self.facts.inputs or self.facts.values):
            if self.method == "POST" and not self.facts.replace:
                return "action"
            return "replace" if self.facts.replace else "merge"
        return "read" if single and (self.drafts or single[1] is user) else "constant"

    def _read_kind(
        self, single: tuple[Shape, Draft] | None, listed: tuple[Shape, Draft] | None
    ) -> OperationKind:
        lists = [draft for shape, draft in self.roots if shape.is_list]
        if len(lists) > 1:
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

    def _vocabulary(self) -> Any:
        return next((v for v in self.know.entities.vocabularies if v.operation == self.key), None)

    # ------------------------------------------------------------------ lookups

    def _path_lookups(self) -> None:
        seen: dict[str, None] = {}
        for each in self.group:
            seen.update(dict.fromkeys(each.params))
        for param in sorted(seen, key=lambda name: self.template.find("{" + name + "}")):
            binding = self.world.bindings.get((self.template, param))
            if binding is None:
                continue
            draft = binding.draft
            taken = {lookup.name for lookup in self.lookups}
            name = draft.name if draft.name not in taken else f"{draft.name}_{param}"
            within = {
                column: other.name
                for other in self.drafts
                for column, parent in self.know.keys.of(draft).items()
                if parent is other.draft
            }
            if within and not self._within_fits(draft, binding.field, param, within):
                within = {}
            column = naming.snake(binding.field)
            if binding.field in self.know.views.urls[id(draft)]:
                column = self.know.entities.primary[id(draft)]
            self.row_names[param] = name
            self.lookups.append(
                Lookup(
                    name=name, entity=draft.name, column=column, value=PathValue(name=param),
                    within=within,
                )
            )  # fmt: skip
            self.drafts.append(
                LookupDraft(name, draft, self._finder(draft, binding.field, param, within), param)
            )

    def _finder(self, draft: Draft, name: str, param: str, within: dict[str, str]) -> Any:
        outer = {each.name: each for each in self.drafts}

        def find(each: Observation) -> Row | None:
            row = self.world.find(
                draft, each.recording, name, each.params.get(param, ""), each.index
            )
            for column, other in within.items():
                parent = outer[other].find(each)
                if row is None or parent is None:
                    return None
                if self.know.keys.parent(row, column, each.index) is not parent:
                    return None
            return row

        return find

    def _within_fits(self, draft: Draft, name: str, param: str, within: dict[str, str]) -> bool:
        find = self._finder(draft, name, param, within)
        done = [each for each in self.accepted if each.params]
        plain = self._finder(draft, name, param, {})
        return all(find(each) is not None for each in done if plain(each) is not None)

    def _login_lookup(self) -> None:
        user = self.world.user
        if user is None:
            return
        for each in self.accepted:
            for name, value in self._fields(each).items():
                if PASSWORD.search(name) or not isinstance(value, str):
                    continue
                column = self.world.login_field(self.key, name)
                if column is None:
                    continue
                self.lookups.append(
                    Lookup(
                        name=user.name, entity=user.name, column=naming.snake(column),
                        value=InputValue(name=name),
                    )
                )  # fmt: skip
                self.drafts.append(LookupDraft(user.name, user, self._by_input(user, column, name)))
                return

    def _by_input(self, user: Draft, column: str, name: str) -> Any:
        def find(each: Observation) -> Row | None:
            value = identity(self._fields(each).get(name))
            if value is None:
                return None
            return self.world.find(user, each.recording, column, value, each.index)

        return find

    def _fields(self, observation: Observation) -> dict[str, Any]:
        return self.know.writes.fields(observation)

    # ------------------------------------------------------------------ assembly

    def build(self) -> Operation:
        facts = self.listing = self._list_facts()
        subject = self._subject()
        context = self._answer_context(facts, subject)
        response = answer_template(self.accepted or self.refused, context)
        self.findings.extend(context.findings)
        learned = learn_checks(self.accepted, self.refused, self._scene(subject, facts))
        self.findings.extend(learned.findings)
        draft = self._resource_draft()
        return Operation(
            id=self._name(draft),
            method=self.method,
            path=self.template,
            resource=self._resource(draft),
            kind=self.kind,
            summary=self._summary(draft),
            path_params=[
                Param(name=name, type=kind, required=True)  # type: ignore[arg-type]
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

    def _list_facts(self) -> ListFacts | None:
        listed = self._listed()
        if self.kind not in {"list", "delete_all"} or listed is None:
            return None
        shape, draft = listed
        lookups = {
            each.param: (each.name, each.draft) for each in self.drafts if each.param is not None
        }
        facts = learn_query(
            self.world, self.know.keys, self._list_samples(),
            shape, draft, lookups,
        )  # fmt: skip
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

    def _vocabulary_order(self, vocabulary: Any) -> Order:
        from harness.inference.observe import at  # noqa: PLC0415

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
            binding = self.world.bindings.get((self.template, name))
            if binding is not None:
                known = {
                    identity(v)
                    for row in self.world.rows[id(binding.draft)]
                    for v in row.facts.get(binding.field, ((), ()))[1]
                }
                values += [value for value in known if value]
            found[name] = next(
                (
                    kind
                    for kind in ("integer", "uuid")
                    if values and all(fits(value, kind) for value in values)
                ),
                "string",
            )
        return found

    def _request_body(self) -> RequestBody | None:
        body = self.request.body if self.request is not None else RequestBody()
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

    def _effects(self, subject: str | None) -> list[Effect]:  # noqa: PLR0911
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

    # ------------------------------------------------------------------ names

    def _resource_draft(self) -> Draft | None:
        if self.roots:
            return self.roots[0][1]
        if self.drafts:
            return self.drafts[-1].draft
        own = self.kind in {"delete", "merge", "replace", "action"}
        return self.world.user if own else None

    def _segment(self, draft: Draft) -> str:
        """What the path calls the rows of a draft: `/profiles/{username}` are profiles."""
        if self.drafts and self.drafts[-1].draft is draft and self.template.count("{"):
            head = self.template[: self.template.rindex("{")].rstrip("/").rsplit("/", 1)[-1]
            if head and not _is_prefix(head):
                return naming.singular(head)
        return draft.name

    def _resource(self, draft: Draft | None) -> str:
        vocabulary = self._vocabulary()
        if vocabulary is not None:
            return naming.plural(vocabulary.name)
        if self.kind in {"login", "logout", "current_user", "register"} and self.world.user:
            return naming.plural(self.world.user.name)
        if draft is not None:
            return naming.plural(self._segment(draft))
        words = [w for w in naming.literals(self.template) if not _is_prefix(w)]
        return naming.plural(words[0]) if words else "root"

    def _name(self, draft: Draft | None) -> str:  # noqa: PLR0911
        entity = self._segment(draft) if draft else "item"
        words = [naming.snake(w) for w in naming.literals(self.template) if not _is_prefix(w)]
        last = words[-1] if words else entity
        if self.link is not None:
            verb = self.link.name
            return f"{'' if self.kind == 'link' else 'un'}{verb}_{self.link.target.name}"
        if (vocabulary := self._vocabulary()) is not None:
            return f"list_{naming.plural(vocabulary.name)}"
        if self.kind == "list":
            plural = naming.plural(entity)
            usual = last == plural or naming.singular(last) in {entity, draft.name if draft else ""}
            return f"list_{plural}" if usual else f"list_{last}_{plural}"
        simple = {
            "create": f"create_{entity}",
            "register": "register",
            "login": "login",
            "logout": "logout",
            "current_user": f"get_current_{entity}",
            "delete_all": f"delete_{naming.plural(entity)}",
            "replace": f"replace_{entity}",
            "merge": f"update_{entity}",
            "delete": f"delete_{entity}",
            "read": f"get_{entity}",
        }
        if self.kind in simple:
            own = self._subject() == "me" and self.kind in {"merge", "replace", "delete"}
            name = simple[self.kind].replace(
                f"_{entity}", f"_current_{entity}" if own else f"_{entity}"
            )
            extra = (
                last if self.kind in {"merge", "replace", "read"} and self._is_part(draft) else ""
            )
            return f"{name}_{extra}" if extra else name
        verb = {"GET": "get", "POST": "", "PUT": "put", "PATCH": "patch", "DELETE": "delete"}
        tail = "_".join(words[-2:]) if self.kind == "constant" else f"{last}_{entity}"
        return "_".join(part for part in (verb.get(self.method, ""), tail) if part) or "root"

    def _is_part(self, draft: Draft | None) -> bool:
        """Whether the path goes on behind the row: `/users/me/password`."""
        if self._ends_in_key() or draft is None:
            return False
        return not any(
            template == self.template and method == "GET" and any(d is draft for _, d in roots)
            for (method, template), roots in self.world.roots.items()
        )

    def _summary(self, draft: Draft | None) -> str:
        text = self._name(draft).replace("_", " ")
        return text[0].upper() + text[1:]


def _is_prefix(word: str) -> bool:
    import re  # noqa: PLC0415

    return re.fullmatch(r"api|rest|v\d+(\.\d+)?", word) is not None


def _name_apart(operations: list[Operation]) -> None:
    counts = Counter(each.id for each in operations)
    used: set[str] = set()
    for each in sorted(operations, key=lambda item: (len(item.path), item.path, item.method)):
        name = each.id
        if counts[name] > 1 and name in used:
            words = [naming.snake(w) for w in naming.literals(each.path) if not _is_prefix(w)]
            verb, _, rest = name.partition("_")
            options = [f"{verb}_{lookup.entity}_{rest}" for lookup in each.lookups[:1]]
            options += [f"{name}_{'_'.join(words[-n:])}" for n in range(1, len(words) + 1)]
            options += [f"{name}_{each.method.lower()}"]
            options += [f"{name}_{number}" for number in range(2, 99)]
            name = next(option for option in options if option not in used)
        used.add(name)
        each.id = name
        each.summary = name.replace("_", " ").capitalize()
