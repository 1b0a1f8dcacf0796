"""Which lists a subscription shows."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from harness.inference.model import Subscription, Watched
from harness.traffic.framings.events import Change, Subscribe
from harness.traffic.framings.pushed import Spoken
from harness.traffic.framings.rest import Operation
from harness.traffic.framings.routes import learn_route
from harness.traffic.framings.verbs import collection, parse_name

_SHOWN = 5
_REFUSED = 400

Shown = tuple[Subscribe, Operation, str]


def learn_subscriptions(spoken: Iterable[tuple[str, Spoken]]) -> list[Subscription]:
    """Return the subscriptions of one endpoint by name, with what each showed at first."""
    shown: dict[str, list[Shown]] = defaultdict(list)
    names: dict[str, str] = {}
    for recording, one in spoken:
        for timed in one.events:
            if isinstance(timed.event, Change):
                names[_path(timed.event.collection)] = timed.event.collection
        for turn, meaning in zip(one.turns, one.meanings, strict=True):
            if isinstance(turn.asked, Subscribe):
                evidence = f"{recording}#{turn.seq}"
                shown[turn.asked.name] += [(turn.asked, each, evidence) for each in meaning]
    found = [
        Subscription(
            name=name,
            lists=list(_lists(family, names)),
            evidence=[evidence for _, _, evidence in family][:_SHOWN],
        )
        for name, family in shown.items()
    ]
    return [each for each in found if each.lists]


def _lists(family: Sequence[Shown], names: dict[str, str]) -> Iterable[Watched]:
    paths = {operation.path for _, operation, _ in family if (operation.status or 0) < _REFUSED}
    for path in sorted(paths & names.keys()):
        route = learn_route([(asked, each) for asked, each, _ in family if each.path == path])
        if route is not None:
            yield Watched(collection=names[path], path=list(route.path), query=route.query)


def _path(name: str) -> str:
    return f"/{collection(parse_name(name).noun)}"
