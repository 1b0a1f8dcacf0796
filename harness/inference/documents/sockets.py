"""WebSocket endpoints as Markdown: what clients call, watch, and are told."""

from collections.abc import Iterable, Iterator, Sequence

from harness.inference.model import LiveEvent, Operation, Socket, SocketCall
from harness.traffic.framings.recipes import Fixed, Recipe, Taken

_TITLES = {"ddp": "DDP", "phoenix": "Phoenix channels", "actioncable": "ActionCable",
           "signalr": "SignalR", "json-rpc": "JSON-RPC", "json": "JSON",
           "graphql-ws": "GraphQL", "graphql": "GraphQL over HTTP"}  # fmt: skip

Row = tuple[str, ...]


def title_of(socket: Socket) -> str:
    """Return what an endpoint speaks."""
    title = _TITLES.get(socket.framing, socket.framing)
    return f"{title} in SockJS frames" if socket.enveloped else title


def section(sockets: Sequence[Socket], operations: Iterable[Operation]) -> str:
    """Write a section on endpoints, of events those of the given operations; "" without any."""
    known = {operation.id: operation for operation in operations}
    over_http = any("graphql" in socket.framing for socket in sockets)
    title = "## WebSockets and GraphQL" if over_http else "## WebSockets"
    lines = [title, ""] if sockets else []
    for socket in sockets:
        lines += [f"### {socket.path} ({title_of(socket)})", ""]
        lines += _table(("call", "asks for"), _calls(socket))
        lines += _table(("subscription", "shows, and tells of changes"), _subscriptions(socket))
        lines += _table(("event", "told after", "to"), _events(socket, known))
    return "\n".join(lines)


def _table(head: Row, rows: Iterable[Row]) -> list[str]:
    cells = [_line(row) for row in rows]
    return [_line(head), _line(("---",) * len(head)), *cells, ""] if cells else []


def _line(cells: Row) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _calls(socket: Socket) -> Iterator[Row]:
    if socket.requests is not None:
        yield f"method, `{socket.requests.address}`, `{socket.requests.body}`", "that request"
    for call in socket.calls:
        yield _name(call), f"`{call.method} {_path(call.path)}`"


def _name(call: SocketCall) -> str:
    name = f"`{' '.join(part for part in call.key if part)}`"
    return name if call.credential is None else f"{name} with a token"


def _subscriptions(socket: Socket) -> Iterator[Row]:
    for subscription in socket.subscriptions:
        lists = [f"`GET {_path(each.path)}`" for each in subscription.lists]
        yield f"`{subscription.name}`", ", ".join(lists)


def _events(socket: Socket, operations: dict[str, Operation]) -> Iterator[Row]:
    for event in socket.events:
        after = operations.get(event.operation)
        if after is not None:
            yield f"`{event.name}`", f"`{after.method} {after.path}`", _audience(event)


def _audience(event: LiveEvent) -> str:
    who = "all" if event.key is None else "those who know the row"
    who = f"{who}, if signed in" if event.signed else who
    return who if event.writer else f"{who}, not to the writer"


def _path(path: Sequence[Recipe]) -> str:
    return "/" + "/".join(_segment(each) for each in path)


def _segment(recipe: Recipe) -> str:
    match recipe:
        case Fixed(value):
            return str(value)
        case Taken(path):
            names = [step for step in path[1:] if isinstance(step, str)]
            return "{" + (names[-1] if names else "id") + "}"
        case _:
            return "{…}"
