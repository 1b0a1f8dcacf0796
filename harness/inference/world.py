"""What existed when: the rows of a recording, rebuilt from what its answers show.

Rows are found by their identifying values. Each keeps a timeline of facts (field, value) from the
answers it occurred in, the moment it was created and the moment it was deleted. A row that was
seen without having been created belongs to the initial state.
"""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.inference.naming import literals, singular, snake
from harness.inference.observe import JsonObject, Observation, at
from harness.inference.resources import Draft, Location, Shape, identity

PASSWORD = re.compile(r"passw(or)?d|passphrase|^pwd$", re.I)
TOKENISH = re.compile(r"(^|_|[a-z])(token|jwt|api_?key|session)$", re.I)
LOGOUT = frozenset({"logout", "signout", "sign_out", "log_out"})
UNKNOWN = object()


@dataclass(eq=False)
class Row:
    """A resource over the time of one recording. `born` is -1 for the initial state."""

    draft: Draft
    recording: str
    number: int
    born: int = -1
    died: int | None = None
    facts: dict[str, tuple[list[int], list[Any]]] = field(default_factory=dict)

    def learn(self, index: int, name: str, value: Any) -> None:
        indexes, values = self.facts.setdefault(name, ([], []))
        if indexes and indexes[-1] == index:
            values[-1] = value
            return
        indexes.append(index)
        values.append(value)

    def value(self, name: str, index: int) -> Any:
        """The value last seen at or before an observation, else the first one ever seen."""
        fact = self.facts.get(name)
        if fact is None:
            return UNKNOWN
        place = bisect_right(fact[0], index) - 1
        return fact[1][max(place, 0)]

    def first(self, name: str) -> Any:
        fact = self.facts.get(name)
        return UNKNOWN if fact is None else fact[1][0]

    def alive(self, index: int) -> bool:
        """Whether it exists before the observation has its effect."""
        return self.born < index and (self.died is None or self.died >= index)

    def exists_after(self, index: int) -> bool:
        return self.born <= index and (self.died is None or self.died > index)

    def __repr__(self) -> str:
        return f"<{self.draft.name} {self.first(self.draft.key)}>"


@dataclass(frozen=True)
class Binding:
    """What a path parameter addresses: a row of a draft by one of its fields."""

    draft: Draft
    field: str


@dataclass(frozen=True)
class LinkDraft:
    """A pair of operations that switch a relation between the caller and a row on and off."""

    name: str
    template: str
    on: tuple[str, str]
    off: tuple[str, str]
    target: Draft


class World:
    """All recordings' rows, callers and links, queried by observation index."""

    def __init__(self, observations: list[Observation], drafts: list[Draft]) -> None:
        self.observations = observations
        self.drafts = drafts
        self.rows: dict[int, list[Row]] = defaultdict(list)
        self.bindings = _bind_params(observations, drafts)
        self.user = _user_draft(observations, drafts)
        self.links = _link_drafts(observations, self.bindings) if self.user else []
        self.roots: dict[tuple[str, str], list[tuple[Shape, Draft]]] = defaultdict(list)
        self.nested: dict[tuple[str, str], list[tuple[Shape, Draft]]] = defaultdict(list)
        for draft in drafts:
            root = {id(shape) for shape in draft.roots}
            for shape in draft.shapes:
                place = self.roots if id(shape) in root else self.nested
                place[shape.method, shape.template].append((shape, draft))
        self.credentials = {
            (each.recording, each.credential) for each in observations if each.credential
        }
        self.tokens: dict[tuple[str, str], Row] = {}
        self.token_origin: dict[tuple[str, str], int] = {}
        self.ended = _ended_sessions(observations)
        self.targets: dict[int, dict[str, Row]] = {}
        self.created: dict[int, Row] = {}
        self.shown: dict[int, list[tuple[Shape, JsonObject, Row]]] = defaultdict(list)
        self.parents: dict[int, dict[str, Row]] = {}
        self.switches: dict[tuple[str, str], list[tuple[int, Row, Row, bool]]] = defaultdict(list)
        self.sparse = {id(draft): draft.sparse for draft in drafts}
        self._keyless: dict[int, list[Row]] = defaultdict(list)
        self._values: dict[tuple[int, str], dict[tuple[str, str], list[Row]]] = {}
        self.creators = self._creators()
        self._index: dict[tuple[str, int, str], dict[str, Row]] = defaultdict(dict)
        for observation in observations:
            self._take(observation)
        self._settle()

    # ------------------------------------------------------------------ questions

    def caller(self, observation: Observation) -> Row | None:
        if not observation.credential:
            return None
        mark = (observation.recording, observation.credential)
        ended = self.ended.get(mark, observation.index) < observation.index
        return None if ended else self.tokens.get(mark)

    def all_rows(self, draft: Draft, recording: str) -> Iterator[Row]:
        return (row for row in self.rows[id(draft)] if row.recording == recording)

    def find(self, draft: Draft, recording: str, name: str, value: str, index: int) -> Row | None:
        """The row that exists before an observation and has the value."""
        return next(
            (
                row
                for row in self._ever(draft, name).get((recording, value), ())
                if row.alive(index) and identity(row.value(name, index - 1)) == value
            ),
            None,
        )

    def _ever(self, draft: Draft, name: str) -> dict[tuple[str, str], list[Row]]:
        """Rows by each value that a field of theirs ever had."""
        index = self._values.get((id(draft), name))
        if index is None:
            index = self._values[id(draft), name] = defaultdict(list)
            for row in self.rows[id(draft)]:
                known = {identity(value) for value in row.facts.get(name, ((), ()))[1]}
                for text in known:
                    if text is not None:
                        index[row.recording, text].append(row)
        return index

    def linked(self, link: LinkDraft, source: Row, target: Row, index: int) -> bool:
        """Whether the link is on after the observation."""
        state = False
        for when, user, row, on in self.switches[link.name, source.recording]:
            if when > index:
                break
            if user is source and row is target:
                state = on
        return state

    def linked_sources(self, link: LinkDraft, target: Row, index: int) -> list[Row]:
        state: dict[int, tuple[Row, bool]] = {}
        for when, user, row, on in self.switches[link.name, target.recording]:
            if when > index:
                break
            if row is target:
                state[id(user)] = (user, on)
        return [user for user, on in state.values() if on and user.exists_after(index)]

    # ------------------------------------------------------------------ building

    def _creators(self) -> set[tuple[str, str]]:
        """Operations whose answers show rows that were not there before."""
        seen: dict[str, set[tuple[int, str]]] = defaultdict(set)
        fresh, known = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
        for observation in self.observations:
            if not observation.ok:
                continue
            for shape, draft in self.roots[observation.key]:
                for value in _instances(shape, observation):
                    mark = (id(draft), identity(value.get(draft.key)) or "")
                    if observation.method in {"POST", "PUT"} and not shape.is_list:
                        (known if mark in seen[observation.recording] else fresh)[
                            observation.key
                        ] += 1
                    seen[observation.recording].add(mark)
        return {
            key
            for key, count in fresh.items()
            if key[0] == "POST"
            and count > known[key] * 4
            and not key[1].rstrip("/").endswith("}")
            and not any(key in {link.on, link.off} for link in self.links)
        }

    def _take(self, observation: Observation) -> None:
        index, recording = observation.index, observation.recording
        targets = self._resolve_targets(observation)
        self.targets[index] = targets
        if not observation.ok:
            return
        caller = self.caller(observation)
        for link in self.links:
            if observation.key in {link.on, link.off} and caller and targets:
                target = list(targets.values())[-1]
                on = observation.key == link.on
                self.switches[link.name, recording].append((index, caller, target, on))
        self._show_roots(observation, targets, caller)
        self._learn_tokens(observation)
        self._learn_input(observation, targets, self.caller(observation))
        if observation.method == "DELETE":
            self._bury(observation, targets, caller)

    def _resolve_targets(self, observation: Observation) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for name, value in observation.params.items():
            binding = self.bindings.get((observation.template or "", name))
            if binding is None:
                continue
            index = self._index[observation.recording, id(binding.draft), binding.field]
            row = index.get(value)
            if row is not None and row.died is None:
                found[name] = row
            elif row is None and observation.ok:
                row = self._new_row(binding.draft, observation, {binding.field: value})
                if (typed := _typed(binding, value)) is not None:
                    row.learn(observation.index, binding.field, typed)
                collection = (observation.template or "").partition(f"/{{{name}}}")[0]
                self._place(row, collection, found)
                found[name] = row
        return found

    def _show_roots(
        self, observation: Observation, targets: dict[str, Row], caller: Row | None
    ) -> None:
        last = list(observation.params)[-1] if observation.params else None
        ends_in_param = (observation.template or "").rstrip("/").endswith("}")
        for shape, draft in self.roots[observation.key]:
            for value in _instances(shape, observation):
                row: Row | None = None
                if not shape.is_list:
                    if observation.key in self.creators:
                        row = self._create(draft, observation, value, targets)
                    elif last and last in targets and targets[last].draft is draft:
                        row = targets[last]
                    elif (
                        draft is self.user
                        and caller
                        and not observation.params
                        and (observation.method != "POST")
                    ):
                        row = caller
                    elif ends_in_param and draft.singleton:
                        row = None
                shown = self._show(observation, shape, draft, value, row)
                if shape.is_list:
                    self._place(shown, observation.template or "", targets)

    def _place(self, row: Row, collection: str, targets: dict[str, Row]) -> None:
        """A row that is listed where its kind is created belongs to the rows of the path."""
        created = ("POST", collection) in self.creators and any(
            draft is row.draft for _, draft in self.roots.get(("POST", collection), ())
        )
        if created and targets:
            self.parents.setdefault(id(row), dict(targets))

    def _create(
        self, draft: Draft, observation: Observation, value: JsonObject, targets: dict[str, Row]
    ) -> Row:
        row = self._new_row(draft, observation, value, born=observation.index)
        self.created[observation.index] = row
        if targets:
            self.parents[id(row)] = {name: target for name, target in targets.items()}
        return row

    def _new_row(
        self, draft: Draft, observation: Observation, value: JsonObject, born: int = -1
    ) -> Row:
        row = Row(draft, observation.recording, len(self.rows[id(draft)]), born)
        self.rows[id(draft)].append(row)
        if draft.key not in value:
            self._keyless[id(draft)].append(row)
        for name, item in value.items():
            if (text := identity(item)) is not None:
                self._index[observation.recording, id(draft), name][text] = row
        return row

    def _show(
        self,
        observation: Observation,
        shape: Shape,
        draft: Draft,
        value: JsonObject,
        row: Row | None = None,
    ) -> Row:
        text = identity(value.get(draft.key)) or ""
        if row is None:
            row = self._index[observation.recording, id(draft), draft.key].get(text)
        if row is None:
            row = self._foreshadowed(draft, observation, value)
        if row is None:
            row = self._new_row(draft, observation, value)
        elif row.died is not None and row.died < observation.index:
            if observation.method == "GET":
                row.died = None
            else:
                row = self._new_row(draft, observation, value, born=observation.index)
        self.shown[observation.index].append((shape, value, row))
        for name in self.sparse[id(draft)] - set(value):
            row.learn(observation.index, name, None)
        for name, item in value.items():
            row.learn(observation.index, name, self._fact(observation, shape, name, item))
            if (mark := identity(item)) is not None:
                self._index[observation.recording, id(draft), name][mark] = row
        return row

    def _foreshadowed(
        self, draft: Draft, observation: Observation, value: JsonObject
    ) -> Row | None:
        """A row of which only other fields were known so far (a login's e-mail address)."""
        if draft.singleton:
            return next(self.all_rows(draft, observation.recording), None)
        for row in self._keyless[id(draft)]:
            if (
                row.recording == observation.recording
                and draft.key not in row.facts
                and row.facts
                and all(
                    value.get(name) == row.value(name, observation.index)
                    for name in row.facts
                    if name in value
                )
            ):
                return row if set(row.facts) & set(value) else None
        return None

    def _fact(self, observation: Observation, shape: Shape, name: str, item: Any) -> Any:
        """A field's value; an embedded resource becomes its row."""
        if not isinstance(item, dict):
            return item
        location = (*shape.location, name)
        for nested, draft in self.nested[observation.key]:
            if nested.location == location:
                return self._show(observation, nested, draft, item)
        return item

    def _learn_tokens(self, observation: Observation) -> None:
        for token in token_values(observation.answer):
            mark = (observation.recording, token)
            self.token_origin.setdefault(mark, observation.index)
            if (row := self._token_owner(observation)) is not None:
                self.tokens.setdefault(mark, row)
        if observation.credential and self.user:
            mark = (observation.recording, observation.credential)
            if mark not in self.tokens and not observation.params:
                for shape, _, row in self.shown[observation.index]:
                    if row.draft is self.user and not shape.is_list:
                        self.tokens[mark] = row

    def _token_owner(self, observation: Observation) -> Row | None:
        for shape, _, row in self.shown[observation.index]:
            if row.draft is self.user and not shape.is_list:
                return row
        if self.user is None or not isinstance(observation.body, dict):
            return self.caller(observation)
        texts = [
            value
            for key, value in leaves(observation.body)
            if isinstance(value, str) and not PASSWORD.search(key)
        ]
        for row in self.all_rows(self.user, observation.recording):
            if row.exists_after(observation.index) and any(
                row.value(name, observation.index) == text
                for name in row.facts
                for text in texts
                if text
            ):
                return row
        return self._unseen_user(observation)

    def _unseen_user(self, observation: Observation) -> Row | None:
        """A login of somebody never seen before: a row that only its identifier is known of."""
        if self.user is None or not any(
            PASSWORD.search(key) for key, _ in leaves(observation.body)
        ):
            return None
        for key, value in leaves(observation.body):
            if isinstance(value, str) and value and not PASSWORD.search(key):
                name = self.login_field(observation.key, key)
                if name:
                    row = self._new_row(self.user, observation, {name: value})
                    row.learn(observation.index, name, value)
                    return row
        return None

    def login_field(self, operation: tuple[str, str], key: str) -> str | None:
        """The user field that a field of the login request holds."""
        assert self.user is not None
        if key in self.user.fields:
            return key
        votes = Counter[str]()
        known: dict[str, set[Any]] = defaultdict(set)
        for shape in self.user.shapes:
            for _, value in shape.instances:
                for name, item in value.items():
                    if isinstance(item, str):
                        known[name].add(item)
        for observation in self.observations:
            if observation.key == operation and observation.ok:
                value = dict(leaves(observation.body)).get(key)
                votes.update(name for name, values in known.items() if value in values)
        return votes.most_common(1)[0][0] if votes else None

    def _learn_input(
        self, observation: Observation, targets: dict[str, Row], caller: Row | None
    ) -> None:
        """What a request set although the answer does not show it: passwords, silent updates."""
        if not isinstance(observation.body, dict) or observation.method == "GET":
            return
        row = self.created.get(observation.index)
        shown = {id(each) for _, _, each in self.shown[observation.index]}
        if row is None and targets:
            row = list(targets.values())[-1]
        row = row or caller or self._logged_in(observation)
        if row is None:
            return
        fields = dict(leaves(observation.body))
        passwords = [
            (name, value)
            for name, value in fields.items()
            if PASSWORD.search(name) and isinstance(value, str)
        ]
        if passwords and row.draft is self.user:
            newest = next((p for p in passwords if re.search("new", p[0], re.I)), passwords[-1])
            row.learn(observation.index, "password", newest[1])
        if id(row) not in shown and observation.method in {"PUT", "PATCH"}:
            for name, value in fields.items():
                if name in row.facts and name != row.draft.key:
                    row.learn(observation.index, name, value)

    def _logged_in(self, observation: Observation) -> Row | None:
        for token in token_values(observation.answer):
            if (row := self.tokens.get((observation.recording, token))) is not None:
                return row
        return None

    def _bury(self, observation: Observation, targets: dict[str, Row], caller: Row | None) -> None:
        template = (observation.template or "").rstrip("/")
        if any(observation.key == link.off for link in self.links):
            return
        if template.endswith("}") and targets:
            last = list(observation.params)[-1]
            if last in targets:
                targets[last].died = observation.index
        elif not observation.params:
            listed = [row for shape, _, row in self.shown[observation.index] if shape.is_list]
            for row in listed:
                row.died = observation.index
            own = any(
                draft is self.user
                for method in ("GET", "PUT", "PATCH")
                for shape, draft in self.roots[method, observation.template or ""]
                if not shape.is_list
            )
            if caller is not None and own and not listed:
                caller.died = observation.index

    def _settle(self) -> None:
        """Rows that pointed to a deleted row and were never seen again went with it."""
        for rows in list(self.rows.values()):
            for row in rows:
                if row.died is not None:
                    continue
                last = max((fact[0][-1] for fact in row.facts.values()), default=-1)
                for parent in self._pointed(row):
                    if parent.died is not None and parent.died >= last and parent.died > row.born:
                        row.died = parent.died

    def _pointed(self, row: Row) -> list[Row]:
        found = [value for _, values in row.facts.values() for value in values[-1:]]
        return [*self.parents.get(id(row), {}).values(), *(v for v in found if isinstance(v, Row))]


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar of a JSON value with its key."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, name)
    else:
        yield name, value


def token_values(answer: Any) -> list[str]:
    """Strings of an answer that are credentials by their key and their looks."""
    return [
        value
        for key, value in leaves(answer)
        if isinstance(value, str) and TOKENISH.search(key) and re.fullmatch(r"\S{12,}", value)
    ]


def _typed(binding: Binding, text: str) -> Any:
    """The value of a field of which a path holds the text; None for an address."""
    values = (
        value[binding.field]
        for shape in binding.draft.shapes
        for _, value in shape.instances
        if binding.field in value
    )
    example = next(values, text)
    if isinstance(example, int):
        return int(text) if text.isdigit() else None
    return None if "://" in str(example) else text


def is_logout(method: str, template: str) -> bool:
    return method in {"POST", "DELETE"} and any(
        snake(word) in LOGOUT for word in literals(template)[-1:]
    )


def _ended_sessions(observations: list[Observation]) -> dict[tuple[str, str], int]:
    """Tokens that were refused after a logout, with the place of the logout."""
    left: dict[tuple[str, str], int] = {}
    ended: dict[tuple[str, str], int] = {}
    for each in observations:
        if not each.credential:
            continue
        mark = (each.recording, each.credential)
        if each.ok and is_logout(each.method, each.template or ""):
            left[mark] = each.index
        elif mark in left and each.status == 401:  # noqa: PLR2004
            ended[mark] = left[mark]
    return ended


def _instances(shape: Shape, observation: Observation) -> list[JsonObject]:
    return [each for each in at(observation.answer, shape.location) if isinstance(each, dict)]


def _bind_params(
    observations: list[Observation], drafts: list[Draft]
) -> dict[tuple[str, str], Binding]:
    """What each path parameter of each template addresses."""
    values: dict[tuple[str, str], set[str]] = defaultdict(set)
    for observation in observations:
        for name, value in observation.params.items():
            if observation.template and observation.status != 404:  # noqa: PLR2004
                values[observation.template, name].add(value)
            else:
                values.setdefault((observation.template or "", name), set())
    fields = {id(draft): _field_values(draft) for draft in drafts}
    found: dict[tuple[str, str], Binding] = {}
    for (template, name), seen in sorted(values.items(), key=lambda item: len(item[0][0])):
        prefix = template[: template.index("{" + name + "}") + len(name) + 2]
        best: tuple[float, Binding] | None = None
        for draft in drafts:
            exact = any(shape.template.rstrip("/") == prefix for shape in draft.roots)
            for key, known in fields[id(draft)].items():
                overlap = len(seen & known) / len(seen) if seen else 0.0
                score = overlap + exact + 0.5 * (key == draft.key) + 0.3 * (key == name)
                collection = prefix.rsplit("/", 2)[-2] if prefix.count("/") > 1 else ""
                score += 0.6 * (draft.name in {singular(collection), singular(name[:-3])})
                if (overlap > 0 or (exact and key == draft.key)) and (not best or score > best[0]):
                    best = (score, Binding(draft, key))
        if best and best[0] >= 1.4:  # noqa: PLR2004
            found[template, name] = best[1]
    _inherit(found, values)
    return found


def _inherit(
    found: dict[tuple[str, str], Binding], values: dict[tuple[str, str], set[str]]
) -> None:
    """A parameter without successes of its own means what the same prefix means elsewhere."""
    prefixes = {
        template[: template.index("{" + name + "}")]: binding
        for (template, name), binding in found.items()
    }
    for template, name in values:
        start = template[: template.index("{" + name + "}")] if template else ""
        if (template, name) not in found and start in prefixes:
            found[template, name] = prefixes[start]


def _field_values(draft: Draft) -> dict[str, set[str]]:
    known: dict[str, set[str]] = defaultdict(set)
    for shape in draft.shapes:
        for _, value in shape.instances:
            for key, item in value.items():
                if (text := identity(item)) is not None and len(text) < 100:  # noqa: PLR2004
                    known[key].add(text)
    return {
        key: values
        for key, values in known.items()
        if key == draft.key or len(values) > 1 or len(known.get(draft.key, ())) == 1
    }


def _user_draft(observations: list[Observation], drafts: list[Draft]) -> Draft | None:
    """The draft whose rows are people: created or authenticated with a password, given tokens."""
    votes = Counter[int]()
    by_place: dict[tuple[str, str], list[tuple[Location, Draft]]] = defaultdict(list)
    for draft in drafts:
        for shape in draft.roots:
            if not shape.is_list:
                by_place[shape.method, shape.template].append((shape.location, draft))
    for observation in observations:
        if not observation.ok or not isinstance(observation.body, dict):
            continue
        if any(PASSWORD.search(key) for key, _ in leaves(observation.body)):
            for _, draft in by_place[observation.key]:
                votes[id(draft)] += 2
    if not votes:
        for observation in observations:
            if observation.ok and observation.credential and not observation.params:
                for _, draft in by_place[observation.key]:
                    votes[id(draft)] += observation.method == "GET"
    best = votes.most_common(1)
    if not best or best[0][1] == 0:
        return None
    return next(draft for draft in drafts if id(draft) == best[0][0])


def _link_drafts(
    observations: list[Observation], bindings: dict[tuple[str, str], Binding]
) -> list[LinkDraft]:
    methods: dict[str, set[str]] = defaultdict(set)
    for observation in observations:
        if observation.ok and observation.template and observation.credential:
            bare = not isinstance(observation.body, dict) or not observation.body
            if bare and observation.method in {"POST", "PUT", "DELETE"}:
                methods[observation.template].add(observation.method)
    found = []
    for template, seen in methods.items():
        head, _, suffix = template.rstrip("/").rpartition("/")
        if "DELETE" not in seen or not seen & {"POST", "PUT"} or not head.endswith("}"):
            continue
        if "{" in suffix:
            continue
        name = head[head.rindex("{") + 1 : -1]
        binding = bindings.get((template, name))
        if binding is not None:
            on = "POST" if "POST" in seen else "PUT"
            verb = singular(suffix)
            if any(link.name == verb for link in found):
                verb = f"{verb}_{binding.draft.name}"
            found.append(
                LinkDraft(verb, template, (on, template), ("DELETE", template), binding.draft)
            )
    return found
