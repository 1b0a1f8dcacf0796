"""Documents and what came back for them, as calls, answers and pushes of their root fields."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harness.traffic.framings.events import (
    Answer,
    Call,
    Ended,
    Event,
    Push,
    Ready,
    Subscribe,
    UnreadableError,
)
from harness.traffic.framings.framing import text_of
from harness.traffic.framings.graphql import answers, documents
from harness.traffic.framings.graphql.documents import TYPENAME, Document, Field, Kind
from harness.traffic.framings.graphql.fields import FieldCall, key_in, noun_of
from harness.traffic.framings.graphql.rows import KEYS, Moment, Place, Rows, Seen, inner, wraps
from harness.traffic.framings.rest import NOTHING
from harness.traffic.framings.turns import Timed
from harness.traffic.framings.verbs import collection, parse_name

_UNREADABLE = "a GraphQL document cannot be read: {}"
_REFUSED = "the server did not take a GraphQL document"
_HASHED = "a GraphQL document was only named by its hash"


@dataclass(slots=True)
class Learned:
    """What a server has to know besides of how the original answers documents.

    `typenames` are by the names of fields from the root on (`note.author`). Errors of fields that
    are `nullable` leave the data of others as it is. `subscriptions` are root fields that were
    subscribed to. `located` says that errors tell where in the document they arose.
    """

    typenames: dict[str, str] = field(default_factory=dict)
    nullable: set[str] = field(default_factory=set)
    subscriptions: set[str] = field(default_factory=set)
    located: bool = False


@dataclass(slots=True)
class Resolved:
    """One conversation: its events, and those that hold what a field came to. `unread` are seqs."""

    events: list[Timed] = field(default_factory=list)
    seen: dict[int, Seen] = field(default_factory=dict)
    unread: list[tuple[str, int]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)


def resolve(conversations: Sequence[Iterable[Timed]], learned: Learned) -> list[Resolved]:
    """Resolve the documents of all conversations of a recording; answers become whole rows."""
    types = _Types()
    found = [_Resolver(learned, types).of(events) for events in conversations]
    typenames = types.by_place()
    for path, place in sorted(types.paths.items()):
        if place in typenames:
            learned.typenames[path] = typenames[place]
    rows = Rows((seen for each in found for seen in each.seen.values()), typenames)
    for each in found:
        for number, seen in each.seen.items():
            each.events[number] = _holding(each.events[number], rows.whole(seen))
        each.events = [one for one in each.events if not _is_of(one.event, each.refused)]
    return found


def _is_of(event: Event, refused: set[str]) -> bool:
    """Whether a call or subscription is of a document that was refused."""
    reference = event.id if isinstance(event, FieldCall | Subscribe) else None
    return reference is not None and reference.partition("#")[0] in refused


def _holding(timed: Timed, value: Any) -> Timed:
    if isinstance(timed.event, Answer):
        return replace(timed, event=replace(timed.event, values=(value,)))
    assert isinstance(timed.event, Push)  # noqa: S101 - nothing else is seen
    return replace(timed, event=replace(timed.event, arguments=(value,)))


def space_of(asked: Field) -> str:
    """Return the space that a subscription joins: its root field, with the arguments if any."""
    arguments = without_nulls(asked.arguments)
    return text_of({"channel": asked.name, **arguments}) if arguments else asked.name


def place_of(kind: Kind, name: str) -> Place:
    """Return the kind of thing that a root field is about; what is deleted is told apart."""
    place = collection(noun_of(kind, name))
    return (f"{place}:deleted" if parse_name(name).verb == "delete" else place,)


@dataclass(slots=True)
class _Types:
    """The names of types that answers told, and the places that paths of fields lead to."""

    names: dict[Place, dict[str, None]] = field(default_factory=dict)
    paths: dict[str, Place] = field(default_factory=dict)

    def by_place(self) -> dict[Place, str]:
        return {place: next(iter(each)) for place, each in self.names.items() if len(each) == 1}

    def take(self, place: Place, asked: Field, value: Any, path: str) -> None:
        """Learn from a field with what it was answered with."""
        self.paths[path] = place
        values = [each for each in _flattened(value) if isinstance(each, dict)]
        keyed = any(each.name in KEYS for each in asked.fields)
        for each in asked.fields:
            found = [one[each.alias] for one in values if each.alias in one]
            if each.name == TYPENAME:
                names = self.names.setdefault(place, {})
                names.update(dict.fromkeys(name for name in found if isinstance(name, str)))
            elif each.fields:
                self.take(inner(place, each.name, keyed=keyed), each, found, f"{path}.{each.name}")


def _flattened(value: Any) -> Iterator[Any]:
    for each in value if isinstance(value, list) else [value]:
        if isinstance(each, list):
            yield from _flattened(each)
        else:
            yield each


class _Resolver:
    def __init__(self, learned: Learned, types: _Types) -> None:
        self._learned = learned
        self._types = types
        self._asked: dict[str, tuple[Document, Moment]] = {}
        self._resolved = Resolved()

    def of(self, events: Iterable[Timed]) -> Resolved:
        for timed in events:
            match timed.event:
                case Call(_, (dict() as payload,), str() as reference):
                    self._take_asked(timed, reference, payload)
                case Subscribe(reference, _, (dict() as payload,)):
                    self._take_asked(timed, reference, payload)
                case Answer(reference, (payload,)) if not timed.sent:
                    self._take_answer(timed, reference, payload)
                case _:
                    self._add(timed, timed.event)
        return self._resolved

    def _take_asked(self, timed: Timed, reference: str, payload: dict[str, Any]) -> None:
        if "query" not in payload and "extensions" in payload:
            self._resolved.unread.append((_HASHED, timed.seq))
            return
        try:
            document = documents.read(payload)
        except UnreadableError as error:
            self._resolved.refused.add(reference)
            why = _UNREADABLE.format(str(error).splitlines()[0])
            self._resolved.unread.append((why, timed.seq))
            return
        self._asked[reference] = document, (timed.at, timed.seq)
        self._add(timed, *self._events(reference, document))

    def _events(self, reference: str, document: Document) -> Iterator[Call | Subscribe | Ready]:
        for number, asked in _meant(document):
            if document.kind == "subscription":
                self._learned.subscriptions.add(asked.name)
                yield Subscribe(reference, space_of(asked), (asked.arguments,))
                yield Ready((reference,))
            else:
                arguments = asked.arguments
                if document.kind == "query":
                    arguments = without_nulls(arguments)
                name = f"{reference}#{number}"
                yield FieldCall(asked.name, (arguments,), name, kind=document.kind)

    def _take_answer(self, timed: Timed, reference: str, payload: Any) -> None:
        if reference in self._resolved.refused:
            return
        if reference not in self._asked:
            self._resolved.unread.append(("an answer to no GraphQL document", timed.seq))
            return
        document, moment = self._asked[reference]
        assert isinstance(timed.event, Answer)  # noqa: S101 - told to the type checker
        failed = bool(timed.event.failed)
        if answers.refuses_document(payload, failed=failed):
            self._resolved.unread.append((_REFUSED, timed.seq))
            self._resolved.refused.add(reference)
            return
        self._learn(payload, document)
        fields = [asked for _, asked in _meant(document)]
        found = answers.outcomes(payload, fields, failed=failed)
        for (number, asked), outcome in zip(_meant(document), found, strict=True):
            if outcome is None:
                continue
            if document.kind == "subscription":
                self._push(timed, reference, asked, outcome)
                continue
            if outcome.failed:
                self._learn_failure(payload, asked)
            answer = Answer(f"{reference}#{number}", (outcome.value,), outcome.failed)
            self._add(timed, answer)
            if not outcome.failed:
                self._see(timed, document.kind, asked, outcome.value, moment)

    def _push(self, timed: Timed, reference: str, asked: Field, outcome: answers.Outcome) -> None:
        if outcome.failed:
            self._add(timed, Ended(reference, outcome.value))
            return
        self._add(timed, Push(asked.name, (outcome.value,), space_of(asked)))
        self._see(timed, "subscription", asked, outcome.value)

    def _add(self, timed: Timed, *events: Any) -> None:
        self._resolved.events += [replace(timed, event=each) for each in events]

    def _see(
        self, timed: Timed, kind: Kind, asked: Field, value: Any, began: Moment | None = None
    ) -> None:
        place = place_of(kind, asked.name)
        key = None
        if isinstance(value, dict) and kind != "subscription":
            wrapped = any(wraps(place, each.name) for each in asked.fields if each.fields)
            key = None if wrapped else key_in(asked.name, asked.arguments, kind)
        self._resolved.seen[len(self._resolved.events) - 1] = Seen(
            moment=(timed.at, timed.seq),
            place=place,
            value=value,
            fields=asked.fields,
            key=key,
            names=frozenset(_names(asked.arguments)) if kind == "mutation" else None,
            asked=began,
        )

    def _learn(self, payload: Any, document: Document) -> None:
        data = payload.get("data") if isinstance(payload, dict) else None
        for _, asked in _meant(document):
            value = data.get(asked.alias) if isinstance(data, dict) else None
            self._types.take(place_of(document.kind, asked.name), asked, value, asked.name)

    def _learn_failure(self, payload: Any, asked: Field) -> None:
        if isinstance(payload, dict) and isinstance(payload.get("data"), dict):
            self._learned.nullable.add(asked.name)
        errors = payload.get("errors") if isinstance(payload, dict) else payload
        if isinstance(errors, list) and any("locations" in each for each in errors):
            self._learned.located = True


def without_nulls(arguments: dict[str, Any]) -> dict[str, Any]:
    """Return arguments without those that are left open: they ask for nothing."""
    return {
        name: without_nulls(value) if isinstance(value, dict) else value
        for name, value in arguments.items()
        if value is not None
    }


def _meant(document: Document) -> list[tuple[int, Field]]:
    """The root fields by number, without those that ask for the schema."""
    return [(n, each) for n, each in enumerate(document.fields) if not each.is_introspection]


def _names(value: Any) -> Iterator[str]:
    """Yield the names of all members in arguments, and the texts and numbers."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield name
            yield from _names(each)
    elif isinstance(value, list):
        for each in value:
            yield from _names(each)
    elif isinstance(value, str | int) and value is not NOTHING:
        yield str(value)
