"""What existed when: the rows of a recording, rebuilt from what its answers show.

Rows are found by their identifying values. Each keeps a timeline of facts (field, value) from the
answers it occurred in, the moment it was created and the moment it was deleted. A row that was
seen without having been created belongs to the initial state.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from harness.inference.observe import JsonObject, Observation, at
from harness.inference.state.login_names import unshown_logins
from harness.inference.state.resources import Draft, Shape, identity
from harness.inference.state.roles import (
    Binding,
    LinkDraft,
    bind_params,
    link_drafts,
    user_draft,
    value_of,
)
from harness.inference.state.rows import Row
from harness.inference.state.steps import find_steps, remember_steps, sent_tokens
from harness.inference.state.tokens import (
    PASSWORD,
    ended_sessions,
    leaves,
    logout_operations,
    tokens_in,
)


class World:
    """All recordings' rows, callers and links, queried by observation index."""

    def __init__(
        self,
        observations: list[Observation],
        drafts: list[Draft],
        holders: dict[tuple[str, str], str | None] | None = None,
    ) -> None:
        """Rebuild the rows. `holders` are the keys of users whose sessions were open before."""
        self.holders = holders or {}
        self.observations = observations
        self.drafts = drafts
        self.rows: dict[int, list[Row]] = defaultdict(list)
        self.bindings = bind_params(observations, drafts)
        self.user = user_draft(observations, drafts)
        if self.user is not None:
            self.user.unshown = unshown_logins(observations, self.user)
        self.steps = find_steps(observations) if self.user else {}
        self.links = link_drafts(observations, self.bindings) if self.user else []
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
        self.logouts = logout_operations(observations)
        self.ended = ended_sessions(observations, self.logouts)
        self.targets: dict[int, dict[str, Row]] = {}
        self.created: dict[int, Row] = {}
        self.shown: dict[int, list[tuple[Shape, JsonObject, Row]]] = defaultdict(list)
        self.parents: dict[int, dict[str, Row]] = {}
        self.switches: dict[tuple[str, str], list[tuple[int, Row, Row, bool]]] = defaultdict(list)
        self.sparse = {id(draft): draft.sparse for draft in drafts}
        self._keyless: dict[int, list[Row]] = defaultdict(list)
        self._values: dict[tuple[int, str], dict[tuple[str, str], list[Row]]] = {}
        self._flags: dict[tuple[int, str], set[bool]] = {}
        self.creators = self._creators()
        self._index: dict[tuple[str, int, str], dict[str, Row]] = defaultdict(dict)
        for observation in observations:
            self._take(observation)
        self._settle()
        if self.user is not None:
            remember_steps(self)

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

    def flags(self, draft: Draft, name: str) -> set[bool]:
        """The truth values that a field was ever seen with."""
        place = (id(draft), name)
        if place not in self._flags:
            self._flags[place] = {
                value
                for row in self.rows[id(draft)]
                for value in row.facts.get(name, ((), ()))[1]
                if isinstance(value, bool)
            }
        return self._flags[place]

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
        self._meet(observation)
        targets = self._resolve_targets(observation)
        self.targets[index] = targets
        if not observation.ok:
            if any(observation.key == step.login for step in self.steps.values()):
                self._learn_tokens(observation)
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

    def _meet(self, observation: Observation) -> None:
        """The caller of a session that was open before the recording, at its first request."""
        mark = (observation.recording, observation.credential or "")
        if self.user is None or mark in self.tokens or mark not in self.holders:
            return
        key = self.holders[mark]
        row = self._index[observation.recording, id(self.user), self.user.key].get(key or "")
        if row is None:
            value = {} if key is None else {self.user.key: key}
            row = self._new_row(self.user, observation, value)
            typed = None if key is None else value_of(Binding(self.user, self.user.key), key)
            if typed is not None:
                row.learn(observation.index, self.user.key, typed)
        self.tokens[mark] = row

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
                if (typed := value_of(binding, value)) is not None:
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
            self.parents[id(row)] = dict(targets)
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
        for token in tokens_in(observation):
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
        for _, sent in sent_tokens(observation):
            if (known := self.tokens.get((observation.recording, sent))) is not None:
                return known
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
        if self.user is None:
            return None
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
                sent = dict(leaves(observation.body)).get(key)
                votes.update(name for name, values in known.items() if sent in values)
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
            newest = next(
                (p for p in passwords if re.search("new", p[0], re.IGNORECASE)), passwords[-1]
            )
            row.learn(observation.index, "password", newest[1])
            for name in set(row.draft.unshown) & set(fields):
                row.learn(observation.index, name, fields[name])
        if id(row) not in shown and observation.method in {"PUT", "PATCH"}:
            for name, value in fields.items():
                if name in row.facts and name != row.draft.key:
                    row.learn(observation.index, name, value)

    def _logged_in(self, observation: Observation) -> Row | None:
        for token in tokens_in(observation):
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


def _instances(shape: Shape, observation: Observation) -> list[JsonObject]:
    return [each for each in at(observation.answer, shape.location) if isinstance(each, dict)]
