"""What requests do to rows: where created values come from, and what updates change."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from harness.inference import naming
from harness.inference.behaviours.columns import (
    SlugStyle,
    generated_kind,
    is_datetime,
    moment,
    slug_suffix,
)
from harness.inference.behaviours.normalizing import Normal, echoes, learn_normalizing
from harness.inference.model import ColumnValue, Const, Expr, Generated, IfSent, InputValue
from harness.inference.observe import JsonObject, Observation
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.resources import Draft
from harness.inference.state.rows import UNKNOWN, Row
from harness.inference.state.tokens import PASSWORD
from harness.inference.state.world import World

ABSENT = object()
SLUG_STYLES: tuple[SlugStyle, ...] = ("remove", "replace")


@dataclass
class Write:
    """One accepted change of a row. `before` is None for a creation."""

    observation: Observation
    row: Row
    fields: JsonObject
    caller: Row | None
    targets: dict[str, Row]


@dataclass
class WriteFacts:
    """What an operation does to its row: column -> expression, and per field normalisation."""

    values: dict[str, Expr] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    normalize: dict[str, list[Normal]] = field(default_factory=dict)
    replace: bool = False
    touched: set[str] = field(default_factory=set)
    follows: set[str] = field(default_factory=set)


@dataclass
class ColumnFacts:
    """What creations say of a stored column, over all operations."""

    generated: Generated | None = None
    default: Any = ABSENT


class Writes:
    """Reads every accepted write of the world."""

    def __init__(self, world: World, keys: ForeignKeys, stored: dict[int, dict[str, None]]) -> None:
        self.world = world
        self.keys = keys
        self.stored = stored
        self.envelopes = _envelopes(world.observations)
        self.columns: dict[tuple[int, str], ColumnFacts] = defaultdict(ColumnFacts)
        self.operations: dict[tuple[str, str], WriteFacts] = {}
        self.samples: dict[tuple[str, str], list[Write]] = defaultdict(list)
        for observation in world.observations:
            self._sample(observation)
        for key, samples in self.samples.items():
            created = [each for each in samples if each.row.born == each.observation.index]
            if created:
                self.operations[key] = self._creation(created)
        for key, samples in self.samples.items():
            if key not in self.operations:
                self.operations[key] = self._update(samples)

    def fields(self, observation: Observation) -> JsonObject:
        """The fields of a request body, out of their envelope."""
        body = observation.body
        envelope = self.envelopes.get(observation.key)
        if envelope and isinstance(body, dict):
            body = body.get(envelope)
        return body if isinstance(body, dict) else {}

    def _sample(self, observation: Observation) -> None:
        if not observation.ok or observation.method in {"GET", "HEAD", "OPTIONS", "DELETE"}:
            return
        if any(observation.key in {link.on, link.off} for link in self.world.links):
            return
        row = self.world.created.get(observation.index)
        targets = self.world.targets.get(observation.index, {})
        caller = self.world.caller(observation)
        if row is None:
            row = self.subject(observation, targets, caller)
        if row is not None and (observation.body is not None or observation.params):
            write = Write(observation, row, self.fields(observation), caller, targets)
            self.samples[observation.key].append(write)

    def subject(
        self, observation: Observation, targets: dict[str, Row], caller: Row | None
    ) -> Row | None:
        """The row that a request without a creation is about."""
        if observation.params:
            last = list(observation.params)[-1]
            return targets.get(last)
        shown = [
            row
            for shape, _, row in self.world.shown[observation.index]
            if any(shape is root for root in row.draft.roots) and not shape.is_list
        ]
        if shown and shown[0].draft.singleton:
            return shown[0]
        if caller is None or observation.method == "POST":
            return None
        if shown:
            return caller if shown[0] is caller else None
        own = any(
            draft is self.world.user
            for method in ("GET", "PUT", "PATCH")
            for prefix in _prefixes(observation.template or "")
            for shape, draft in self.world.roots.get((method, prefix), ())
            if not shape.is_list
        )
        return caller if own else None

    # ------------------------------------------------------------------ creation

    def _creation(self, samples: list[Write]) -> WriteFacts:
        facts = WriteFacts()
        draft = samples[0].row.draft
        for name in self.stored[id(draft)]:
            column = naming.snake(name)
            sent = self._sent(samples, name)
            if sent:
                facts.values[column] = InputValue(name=sent)
                facts.inputs[column] = sent
                if normal := self._normal(samples, sent, name):
                    facts.normalize[sent] = normal
            rest = [each for each in samples if not sent or sent not in each.fields]
            if rest:
                self._unsent(draft, name, rest, facts, sent=bool(sent))
        self._foreign(draft, samples, facts)
        if draft is self.world.user:
            for each in samples:
                for name in each.fields:
                    if PASSWORD.search(name):
                        facts.values["password"] = InputValue(name=name)
        return facts

    def _sent(self, samples: list[Write], name: str) -> str | None:
        """The request field that a column takes its value from."""
        names = {key for each in samples for key in each.fields}
        wanted = naming.snake(name)
        for key in [name, *sorted(names)]:
            if key in names and naming.snake(key) in {wanted, f"{wanted}_id"}:
                pairs = [
                    (each.fields[key], self._after(each, name))
                    for each in samples
                    if key in each.fields
                ]
                agreeing = sum(1 for sent, after in pairs if echoes(sent, after))
                if agreeing * 2 > len(pairs):
                    return key
        return None

    @staticmethod
    def _after(write: Write, name: str) -> Any:
        return write.row.value(name, write.observation.index)

    def _normal(self, samples: list[Write], sent: str, name: str) -> list[Normal]:
        pairs = [
            (each.fields[sent], self._after(each, name)) for each in samples if sent in each.fields
        ]
        return learn_normalizing(
            [
                (before, after)
                for before, after in pairs
                if after is not UNKNOWN and not isinstance(after, list | Row)
            ]
        )

    def _unsent(
        self, draft: Draft, name: str, samples: list[Write], facts: WriteFacts, *, sent: bool
    ) -> None:
        values = [self._after(each, name) for each in samples]
        values = [value for value in values if value is not UNKNOWN]
        if not values:
            return
        column = self.columns[id(draft), name]
        if name == draft.key and (made := self._made(samples, values)):
            column.generated = made
            return
        constant = all(value == values[0] for value in values)
        if sent:
            column.default = values[0] if constant else column.default
            return
        if slug := self._slug(draft, samples, name):
            column.generated = slug
            return
        if (same := self._of_same_kind(draft, samples, name)) is not None:
            facts.values[naming.snake(name)] = same
            return
        self._by_values(samples, name, values, facts)

    def _by_values(
        self, samples: list[Write], name: str, values: list[Any], facts: WriteFacts
    ) -> None:
        """What new values themselves say of where they come from."""
        constant = all(value == values[0] for value in values)
        column = self.columns[id(samples[0].row.draft), name]
        if all(is_datetime(value) for value in values):
            if self._is_now(samples, name):
                column.generated = Generated(by="now")
        elif (expr := self._copied(samples, name) or self._if_sent(samples, name)) is not None:
            facts.values[naming.snake(name)] = expr
        elif constant:
            column.default = values[0]
        elif made := generated_kind(values, key_like=len(set(map(repr, values))) == len(values)):
            column.generated = made
        else:
            column.default = max(values, key=values.count)

    @staticmethod
    def _made(samples: list[Write], values: list[Any]) -> Generated | None:
        """How the server makes keys. Their order counts within a recording only."""
        recordings = [each.observation.recording for each in samples]
        starts = {
            place
            for place in range(1, len(recordings))
            if recordings[place] != recordings[place - 1]
        }
        whole = [value for value in values if type(value) is type(values[0])]
        return generated_kind(whole, key_like=True, starts=frozenset(starts))

    def _slug(self, draft: Draft, samples: list[Write], name: str) -> Generated | None:
        """A slug of another field: `first-steps`, with a random suffix where it was taken."""
        for source in self.stored[id(draft)]:
            if source == name:
                continue
            pairs = [(self._after(each, name), self._after(each, source)) for each in samples]
            pairs = [(slug, text) for slug, text in pairs if isinstance(text, str) and text]
            texts = all(isinstance(slug, str) for slug, _ in pairs)
            if not texts or len(pairs) * 2 < len(samples) or all(a == b for a, b in pairs):
                continue
            for style in SLUG_STYLES:
                lengths = [slug_suffix(slug, text, style) for slug, text in pairs]
                good = [length for length in lengths if length is not None]
                if len(good) == len(pairs):
                    longest = max(good) or None
                    column = naming.snake(source)
                    return Generated(by="slug", of=column, suffix=longest, slug_style=style)
        return None

    def _is_now(self, samples: list[Write], name: str) -> bool:
        """Whether written datetimes go with the clock (its offset may be any)."""
        pairs = [(each.observation.started, moment(self._after(each, name))) for each in samples]
        known = [(clock, at) for clock, at in pairs if at is not None]
        if not all(clock for clock, _ in known):
            return True
        offsets = [at - clock for clock, at in known]
        return not offsets or max(offsets) - min(offsets) < 120  # noqa: PLR2004

    def _of_same_kind(self, draft: Draft, samples: list[Write], name: str) -> Expr | None:
        """A value of the row of the same kind that the path addresses: a copy is made of it."""
        for source, row in samples[0].targets.items():
            if row.draft is not draft:
                continue
            pairs = [
                (each.targets[source].value(name, each.observation.index), self._after(each, name))
                for each in samples
                if source in each.targets
            ]
            if len(pairs) == len(samples) and all(before == after for before, after in pairs):
                return ColumnValue(row=source, path=[naming.snake(name)])
        return None

    def _if_sent(self, samples: list[Write], name: str) -> Expr | None:
        """A constant that is there exactly where some field was sent, and null elsewhere."""
        values = [self._after(each, name) for each in samples]
        known = [value for value in values if value is not None]
        if not known or len(known) == len(values) or any(v != known[0] for v in known):
            return None
        for sent in sorted({key for each in samples for key in each.fields}):
            if all(
                (each.fields.get(sent) is not None) == (value is not None)
                for each, value in zip(samples, values, strict=True)
            ):
                return IfSent(name=sent, value=known[0])
        return None

    def _copied(self, samples: list[Write], name: str) -> Expr | None:
        """A value taken from the caller or from a row that the path addresses."""
        column = naming.snake(name)
        if column in self.keys.of(samples[0].row.draft):
            return None
        for source in ("me", *samples[0].targets):
            rows = [each.caller if source == "me" else each.targets.get(source) for each in samples]
            if not all(rows):
                continue
            known = [row for row in rows if row is not None]
            for other in known[0].facts:
                pairs = [
                    (row.value(other, each.observation.index), self._after(each, name))
                    for row, each in zip(known, samples, strict=True)
                ]
                varied = len({repr(after) for _, after in pairs}) > 1
                if varied and all(before == after for before, after in pairs):
                    return ColumnValue(row=source, path=[naming.snake(other)])
        return None

    def _foreign(self, draft: Draft, samples: list[Write], facts: WriteFacts) -> None:
        """Foreign keys: the caller, a row of the path, or a key that was sent."""
        for column in self.keys.of(draft):
            pointed = [
                self.keys.parent(each.row, column, each.observation.index) for each in samples
            ]
            source = self._pointer(samples, pointed)
            if source:
                facts.values[column] = ColumnValue(row=source, path=["id"])
                continue
            if (inherited := self._inherited(samples, pointed)) is not None:
                facts.values[column] = inherited
                continue
            sent = next(
                (
                    key
                    for key in {key: None for each in samples for key in each.fields}
                    if naming.snake(key) == column
                ),
                None,
            )
            if sent:
                facts.values[column] = InputValue(name=sent)
                facts.inputs[column] = sent
            elif all(row is None for row in pointed):
                facts.values.setdefault(column, Const(value=None))

    @staticmethod
    def _pointer(samples: list[Write], pointed: list[Row | None]) -> str | None:
        known = [(each, row) for each, row in zip(samples, pointed, strict=True) if row]
        if not known or len(known) * 2 < len(samples):
            return None
        if all(row is each.caller for each, row in known):
            return "me"
        for name in known[0][0].targets:
            if all(row is each.targets.get(name) for each, row in known):
                return name
        return None

    def _inherited(self, samples: list[Write], pointed: list[Row | None]) -> Expr | None:
        """A foreign key that a row of the path has too: a card is on the board of its list."""
        if not all(pointed):
            return None
        for name, target in samples[0].targets.items():
            for column in sorted(self.keys.of(target.draft)):
                if all(
                    (parent := each.targets.get(name)) is not None
                    and self.keys.parent(parent, column, each.observation.index) is row
                    for each, row in zip(samples, pointed, strict=True)
                ):
                    return ColumnValue(row=name, path=[column])
        return None

    # ------------------------------------------------------------------ updates

    def _update(self, samples: list[Write]) -> WriteFacts:
        facts = WriteFacts()
        draft = samples[0].row.draft
        facts.replace = self._replaces(samples)
        created = self._created_inputs(draft)
        for name in self.stored[id(draft)]:
            column = naming.snake(name)
            sent = self._sent(samples, name)
            if sent and not self._server_made(draft, samples, name, sent):
                facts.inputs[column] = sent
                if normal := self._normal(samples, sent, name):
                    facts.normalize[sent] = normal
                continue
            if not sent and column in created and self._is_item(samples[0].observation):
                facts.inputs[column] = created[column]
                continue
            self._own_change(draft, samples, name, facts)
        self._update_keys(draft, samples, facts)
        passwords = [key for each in samples for key in each.fields if PASSWORD.search(key)]
        if draft is self.world.user and passwords:
            newest = next((key for key in passwords if "new" in key.lower()), passwords[0])
            facts.inputs.setdefault("password", newest)
        return facts

    def _own_change(self, draft: Draft, samples: list[Write], name: str, facts: WriteFacts) -> None:
        """What changed although no request field says so."""
        changes = self._changes(samples, name)
        if not any(before != after for before, after in changes):
            return
        if all(is_datetime(after) for _, after in changes):
            facts.touched.add(name)
        elif self._follows(draft, name):
            facts.follows.add(name)
        elif all(after == changes[0][1] for _, after in changes):
            facts.values[naming.snake(name)] = Const(value=changes[0][1])

    def _is_item(self, observation: Observation) -> bool:
        """Whether the path is that of a row itself, not of an action on it."""
        roots = self.world.roots.get(("GET", observation.template or ""), ())
        single = any(not shape.is_list for shape, _ in roots)
        ends_in_key = (observation.template or "").rstrip("/").endswith("}")
        return observation.method in {"PUT", "PATCH"} and (single or ends_in_key)

    def _created_inputs(self, draft: Draft) -> dict[str, str]:
        """Columns that creations of the draft take from requests, with the field's name."""
        found: dict[str, str] = {}
        for key, facts in self.operations.items():
            samples = self.samples[key]
            if samples[0].row.draft is draft and samples[0].row.born >= 0:
                found.update(
                    (column, name)
                    for column, name in facts.inputs.items()
                    if not any(isinstance(each.fields.get(name), bool) for each in samples)
                )
        found.pop(naming.snake(draft.key or "id"), None)
        return found

    def _server_made(self, draft: Draft, samples: list[Write], name: str, sent: str) -> bool:
        """Whether a field that clients send along is the server's own all the same."""
        facts = self.columns.get((id(draft), name))
        if name != draft.key and (facts is None or facts.generated is None):
            return False
        for each in samples:
            before = each.row.value(name, each.observation.index - 1)
            if sent in each.fields and each.fields[sent] == self._after(each, name) != before:
                return False
        return facts is not None and facts.generated is not None

    def _update_keys(self, draft: Draft, samples: list[Write], facts: WriteFacts) -> None:
        for column in self.keys.of(draft):
            for each in samples:
                for key in each.fields:
                    if naming.snake(key) == column:
                        facts.inputs[column] = key

    def _changes(self, samples: list[Write], name: str) -> list[tuple[Any, Any]]:
        found = []
        for each in samples:
            index = each.observation.index
            before, after = each.row.value(name, index - 1), each.row.value(name, index)
            if before is not UNKNOWN and each.row.facts[name][0][0] < index:
                found.append((before, after))
        return found

    def _follows(self, draft: Draft, name: str) -> bool:
        facts = self.columns.get((id(draft), name))
        generated = facts.generated if facts else None
        return generated is not None and generated.by == "slug"

    def _replaces(self, samples: list[Write]) -> bool:
        """Whether fields that were not sent lost their value."""
        lost = kept = 0
        draft = samples[0].row.draft
        writable = {key for each in samples for key in each.fields}
        writable |= self.world.sparse[id(draft)]
        for each in samples:
            if not each.fields:
                continue
            index = each.observation.index
            for name in writable - set(each.fields) - {draft.key}:
                if name not in each.row.facts or each.row.facts[name][0][0] >= index:
                    continue
                before, after = each.row.value(name, index - 1), each.row.value(name, index)
                if before in (None, "", False, 0) or isinstance(before, Row):
                    continue
                lost += after in (None, UNKNOWN)
                kept += after == before
        return lost > kept


def _prefixes(template: str) -> list[str]:
    parts = template.split("/")
    return ["/".join(parts[:end]) for end in range(len(parts), 1, -1)]


def _envelopes(observations: list[Observation]) -> dict[tuple[str, str], str]:
    """Operations whose bodies hold their fields in the object of one key."""
    votes: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    totals: dict[tuple[str, str], int] = defaultdict(int)
    for observation in observations:
        if isinstance(observation.body, dict) and observation.body:
            totals[observation.key] += 1
            if len(observation.body) == 1:
                key, value = next(iter(observation.body.items()))
                if isinstance(value, dict):
                    votes[observation.key][key] += 1
    return {
        operation: best
        for operation, counts in votes.items()
        if counts[best := max(counts, key=lambda key: counts[key])] * 2 > totals[operation]
    }
