"""The rows that an operation looks up: those of its path, and the user who logs in."""

from collections.abc import Callable

from harness.inference import naming
from harness.inference.behaviours.knowledge import Key, Knowledge
from harness.inference.behaviours.scene import LookupDraft
from harness.inference.model import InputValue, Lookup, PathValue
from harness.inference.observe import Observation
from harness.inference.state.resources import Draft, identity
from harness.inference.state.rows import Row
from harness.inference.state.steps import sent_tokens
from harness.inference.state.tokens import PASSWORD

Find = Callable[[Observation], Row | None]


class Lookups:
    """Finds the lookups of one operation. `names` has the row's name by path parameter."""

    def __init__(self, knowledge: Knowledge, key: Key, accepted: list[Observation]) -> None:
        self.know = knowledge
        self.world = knowledge.world
        self.key = key
        self.template = key[1]
        self.accepted = accepted
        self.found: list[Lookup] = []
        self.drafts: list[LookupDraft] = []
        self.names: dict[str, str] = {}

    def find_by_path(self, group: list[Observation]) -> None:
        seen: dict[str, None] = {}
        for each in group:
            seen.update(dict.fromkeys(each.params))
        for param in sorted(seen, key=lambda name: self.template.find(f"{{{name}}}")):
            binding = self.world.bindings.get((self.template, param))
            if binding is None:
                continue
            draft = binding.draft
            taken = {lookup.name for lookup in self.found}
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
            self.names[param] = name
            self.found.append(
                Lookup(
                    name=name,
                    entity=draft.name,
                    column=column,
                    value=PathValue(name=param),
                    within=within,
                )
            )
            self.drafts.append(
                LookupDraft(name, draft, self._finder(draft, binding.field, param, within), param)
            )

    def _finder(self, draft: Draft, name: str, param: str, within: dict[str, str]) -> Find:
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

    def find_by_login(self) -> None:
        user = self.world.user
        if user is None:
            return
        for each in self.accepted:
            for name, value in self.know.writes.fields(each).items():
                if PASSWORD.search(name) or not isinstance(value, str):
                    continue
                column = self.world.login_field(self.key, name)
                if column is None:
                    continue
                self.found.append(
                    Lookup(
                        name=user.name,
                        entity=user.name,
                        column=naming.snake(column),
                        value=InputValue(name=name),
                    )
                )
                self.drafts.append(LookupDraft(user.name, user, self._by_input(user, column, name)))
                return

    def find_by_token(self) -> None:
        """The user of a token that the body brings: of a step in signing in."""
        step, user = self.world.steps.get(self.key), self.world.user
        if step is None or user is None:
            return

        def find(each: Observation) -> Row | None:
            sent = dict(sent_tokens(each)).get(step.field, "")
            return self.world.tokens.get((each.recording, sent))

        value = InputValue(name=step.field)
        lookup = Lookup(name=user.name, entity=user.name, column=None, value=value, by_token=True)
        self.found.append(lookup)
        self.drafts.append(LookupDraft(user.name, user, find))

    def _by_input(self, user: Draft, column: str, name: str) -> Find:
        def find(each: Observation) -> Row | None:
            value = identity(self.know.writes.fields(each).get(name))
            if value is None:
                return None
            return self.world.find(user, each.recording, column, value, each.index)

        return find
