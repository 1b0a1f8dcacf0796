"""A recording's WebSocket messages as the exchanges that they stand for."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from harness.traffic.exchange import Exchange
from harness.traffic.framings import outside
from harness.traffic.framings.catalogue import learn, read_all
from harness.traffic.framings.connections import Connection, Gatherer
from harness.traffic.framings.conversation import Conversation, Habits
from harness.traffic.framings.graphql.translate import Documents
from harness.traffic.framings.pushed import Write, over_http, writes
from harness.traffic.framings.translation import Translation, is_of_protocol


def translate(exchanges: Iterable[Exchange]) -> Translation:
    """Find the exchanges that WebSocket messages stand for."""
    translation, busy, gatherer = Translation(), outside.Busy(), Gatherer()
    http: list[Write] = []
    documents = Documents(translation)
    for exchange in _over_http(exchanges, translation, gatherer):
        if documents.take(exchange):
            continue
        busy.add(exchange)
        if (write := over_http(exchange)) is not None:
            http.append(write)
    families: dict[str, list[Connection]] = defaultdict(list)
    for connection in gatherer.connections:
        families[connection.endpoint].append(connection)
    found = {
        id(each): reading
        for family in families.values()
        for each, reading in zip(family, read_all(family, learn(family)), strict=True)
    }
    readings = [found[id(each)] for each in gatherer.connections]
    documents.resolve(readings)
    conversations = [
        Conversation(each, reading, translation)
        for each, reading in zip(gatherer.connections, readings, strict=True)
    ]
    translation.spoken = [each.spoken for each in conversations]
    habits = Habits.of([*translation.spoken, *documents.spoken])
    http += documents.translate(busy, habits.fields)
    for conversation in conversations:
        conversation.translate_turns(busy, habits)
    for conversation in conversations:
        conversation.translate_rest(busy)
    for path in families:
        family = [each for each in translation.spoken if each.connection.endpoint == path]
        translation.writes += writes(family, http)
    translation.spoken += documents.spoken
    translation.merge_notes()
    return translation


def _over_http(
    exchanges: Iterable[Exchange], translation: Translation, gatherer: Gatherer
) -> Iterator[Exchange]:
    """Gather the messages; yield the requests that went over HTTP, and see how they say JSON."""
    kinds = Counter[str]()
    for exchange in exchanges:
        translation.last = max(translation.last, exchange.seq)
        gatherer.take(exchange)
        if not exchange.is_http or is_of_protocol(exchange):
            continue
        yield exchange
        if exchange.response is not None and "json" in exchange.response.content_type:
            kinds[exchange.response.header("content-type") or ""] += 1
    if kinds:
        translation.json_type = kinds.most_common(1)[0][0]
