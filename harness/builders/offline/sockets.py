"""The modules that serve the WebSocket endpoint of the original's clients, and GraphQL over HTTP.

What clients ask for goes through the application itself, so that it answers as it does over HTTP.
One framing is served: the one that most is known of. Clients of socket.io may poll, use a
WebSocket, or begin with the one and upgrade to the other, whichever of it was recorded.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from harness.builders.offline import names
from harness.builders.offline.backend import Backend
from harness.builders.offline.expressions import literal
from harness.inference.model import Documents, LiveEvent, Socket, SocketCall, Watched
from harness.traffic.framings.pushed import KEYS
from harness.traffic.framings.recipes import Fixed, Items, Members, Recipe, Taken
from harness.traffic.framings.routes import leads_to
from harness.traffic.framings.sockets import GRAPHQL

_MODULES = {
    "socket.io": ("socketio", "SocketIoConnection"),
    "ddp": ("ddp", "DdpConnection"),
    "phoenix": ("phoenix", "PhoenixConnection"),
    "actioncable": ("actioncable", "ActionCableConnection"),
    "signalr": ("signalr", "SignalRConnection"),
    "json-rpc": ("jsonrpc", "JsonRpcConnection"),
    "json": ("json", "JsonConnection"),
    "graphql-ws": ("graphql", "GraphQLConnection"),
}
"""By framing: the template of its endpoint, and the class in it."""

_IN_SPACES = frozenset({"phoenix", "actioncable"})
_ENGINE = "socket.io"
_DOCUMENTS = frozenset({GRAPHQL, "graphql-ws"})
_OLDEST, _NEWEST = 3, 4
_SETTINGS = {"pingInterval": 25_000, "pingTimeout": 20_000}
"""What servers tell unless they are set otherwise."""
_LIMIT = "maxPayload"
_PARAMETER = re.compile(r"\\\{[^}]+\\\}")
_JUST_THE_ANSWER = Items((Taken(("answer",)),))


def served(backend: Backend) -> list[Socket]:
    """Return the endpoints that are served, the one that most is known of first.

    GraphQL has them over HTTP, too.
    """
    found = [socket for socket in backend.model.sockets if _is_understood(socket)]
    found.sort(key=lambda socket: -len(socket.evidence))
    return [each for each in found if _kind(each) == _kind(found[0])]


def over_websockets(backend: Backend) -> list[Socket]:
    """Return the endpoints of WebSockets that are served."""
    return [each for each in served(backend) if each.framing != GRAPHQL]


def paths_of_documents(backend: Backend) -> list[str]:
    """Return the paths that GraphQL documents are posted to."""
    return [each.path for each in served(backend) if each.framing == GRAPHQL]


def serves_documents(backend: Backend) -> bool:
    """Whether GraphQL is served, over HTTP or WebSockets."""
    return any(each.framing in _DOCUMENTS for each in served(backend))


def _is_understood(socket: Socket) -> bool:
    if socket.framing in _DOCUMENTS:
        return socket.documents is not None and bool(socket.calls)
    if socket.framing not in _MODULES:
        return False
    if socket.framing == _ENGINE and socket.version not in (_OLDEST, _NEWEST):
        return False
    return bool(socket.requests or socket.calls or socket.subscriptions or socket.events)


def _kind(socket: Socket) -> tuple[Any, ...]:
    framing = GRAPHQL if socket.framing in _DOCUMENTS else socket.framing
    return framing, socket.version, socket.enveloped, socket.requests is None


def socket_files(backend: Backend, sockets: Sequence[Socket]) -> dict[str, tuple[str, Any]]:
    """Return the modules by path: their templates, and what those need to know."""
    values = _values(backend, sockets)
    files = {"app/virtual_requests.py": "app/virtual_requests.py.j2"}
    connected = over_websockets(backend)
    if connected:
        template = f"app/sockets/{_MODULES[connected[0].framing][0]}.py.j2"
        files |= {"app/sockets.py": template, "app/connections.py": "app/connections.py.j2"}
    if sockets[0].framing == _ENGINE:
        files["app/engineio.py"] = "app/engineio.py.j2"
    if serves_documents(backend):
        files["app/documents.py"] = "app/documents.py.j2"
        files["app/graphql.py"] = "app/graphql.py.j2"
    if values["calls"] or values["subscriptions"]:
        files["app/calls.py"] = "app/calls.py.j2"
    if values["calls"] or values["subscriptions"] or values["helpers"]:
        files["app/json_values.py"] = "app/json_values.py.j2"
    if values["events"] or values["subscriptions"]:
        files["app/live_updates.py"] = "app/live_updates.py.j2"
    if values["subscriptions"]:
        files["app/subscriptions.py"] = "app/subscriptions.py.j2"
    return {path: (name, values) for path, name in files.items()}


def has_live_updates(backend: Backend) -> bool:
    """Whether clients are told of changes."""
    sockets = served(backend)
    return bool(sockets) and bool(_events(backend, sockets) or _subscriptions(backend, sockets))


def _values(backend: Backend, sockets: Sequence[Socket]) -> dict[str, Any]:
    first = next((each for each in sockets if each.framing != GRAPHQL), sockets[0])
    documents = first.framing in _DOCUMENTS
    primary = {entity.pk for entity in backend.model.entities}
    known = [call for socket in sockets for call in socket.calls if _is_built(backend, call)]
    calls = _calls([call for call in known if call.credential is None])
    resumptions = _calls([call for call in known if call.credential is not None], "resume")
    events = _events(backend, sockets)
    subscriptions = _subscriptions(backend, sockets)
    replies = [reply for call in known for reply in (call.reply, call.refusal)]
    by_event = any(reply is not None and reply.event is not None for reply in replies)
    keyed = any(event.key is not None for event in _built_events(backend, sockets))
    asked, answered = first.grammar.get("asked"), first.grammar.get("answered")
    listed = " ".join(each["request"] for one in subscriptions for each in one["lists"])
    called = " ".join(
        f"{each['request']} {each['options']} {each['credential']}"
        for each in [*calls, *resumptions]
    )
    told = " ".join(each["told"] for each in events)
    return {
        "framing": first.framing,
        "connection": _MODULES[first.framing][1] if first.framing in _MODULES else "",
        "engine": first.framing == _ENGINE,
        "enveloped": first.enveloped,
        "bases": [socket.path for socket in sockets],
        "paths": _paths(over_websockets(backend)),
        "posts": paths_of_documents(backend),
        **_documents(sockets),
        "pings": first.version == _NEWEST,
        "settings": _settings(first),
        "requests": first.requests,
        "grammar": {**first.grammar, "asked": asked, "answered": answered or asked},
        "labels": [each for each in (first.grammar.get("name"), asked) if each],
        "calls": calls,
        "resumptions": resumptions,
        "called": bool(calls) and not documents,
        "kinds": any(call.key[0] for call in known),
        "services": any(len(call.key) > 2 for call in known),  # noqa: PLR2004 - kind, name, service
        "joins": any(call.key[-1] == "phx_join" for call in known),
        "replies_by_event": by_event,
        "subscriptions": subscriptions,
        "dates": first.date_members,
        "events": events,
        "keys": ([name for name in KEYS if name in primary] or KEYS) if keyed else [],
        "signed": any("to_signed_in=" in event["told"] for event in events),
        "cookie": backend.auth.cookie if backend.auth is not None else None,
        "spaces": first.framing in _IN_SPACES and bool(events),
        "helpers": _helpers(f"{called} {listed} {told}"),
        "call_helpers": _helpers(called),
        "list_helpers": _helpers(listed),
        "event_helpers": _helpers(told),
        "query_tokens": sorted({name for each in sockets for name in each.query_tokens}),
        "opening_tokens": sorted({name for each in sockets for name in each.opening_tokens}),
        "answer_tokens": sorted({name for each in sockets for name in each.answer_tokens}),
        "cookies": backend.auth is not None and backend.auth.cookie is not None,
    }


def _documents(sockets: Sequence[Socket]) -> dict[str, Any]:
    """What is known of how documents are answered, the same at every endpoint."""
    known = next((each.documents for each in sockets if each.documents is not None), Documents())
    return {
        "typenames": sorted(known.typenames.items()),
        "nullable": known.nullable,
        "absent": known.absent,
        "subscribed": known.subscriptions,
        "located": known.located,
    }


def _settings(socket: Socket) -> dict[str, int]:
    told = {name: value for name, value in socket.settings.items() if isinstance(value, int)}
    settings = {name: told.get(name, usual) for name, usual in _SETTINGS.items()}
    return {**settings, _LIMIT: told[_LIMIT]} if _LIMIT in told else settings


def _helpers(code: str) -> list[str]:
    """The functions on JSON values that code uses."""
    return [name for name in ("find", "members", "pick", "without") if f"{name}(" in code]


def _paths(sockets: Iterable[Socket]) -> list[str]:
    """The routes of the endpoints: those of SockJS end in a server's and a session's name."""
    end = "/{server}/{session}/websocket"
    return [socket.path + end if socket.enveloped else socket.path for socket in sockets]


# ------------------------------------------------------------------ calls


def _calls(known: Iterable[SocketCall], prefix: str = "") -> list[dict[str, str]]:
    found: dict[tuple[str, ...], dict[str, str]] = {}
    taken: set[str] = set()
    for call in known:
        if tuple(call.key) in found:
            continue
        function = names.snake(" ".join(part for part in (prefix, *call.key) if part)) or "call"
        while function in taken or not function.isidentifier():
            function = f"call_{function}"
        taken.add(function)
        found[tuple(call.key)] = {
            "key": _tuple([part for part in call.key if part]),
            "function": function,
            "request": _request(call.method, call.path, call.query, call.body),
            "options": _options(call),
            "credential": "" if call.credential is None else _asked(call.credential),
        }
    return [found[key] for key in sorted(found)]


def _tuple(texts: Sequence[str]) -> str:
    return f"({', '.join(map(literal, texts))}{',' if len(texts) == 1 else ''})"


def _request(method: str, path: Sequence[Recipe], query: Recipe | None, body: Recipe | None) -> str:
    parts = [literal(method), *(_asked(each) for each in path)]
    parts += [f"query={_asked(query)}"] if query is not None else []
    parts += [f"body={_asked(body)}"] if body is not None else []
    return ", ".join(parts)


def _options(call: SocketCall) -> str:
    said = ""
    for name, reply in (("reply", call.reply), ("refusal", call.refusal)):
        if reply is not None and reply.values != _JUST_THE_ANSWER:
            values = _told(reply.values)
            said += f", {name}=lambda {'answer' if 'answer' in values else '_'}: {values}"
        if reply is not None and reply.event is not None:
            said += f", {name}_event={literal(reply.event)}"
    return said


def _asked(recipe: Recipe) -> str:
    """A recipe of what is asked, as code on `said`."""
    match recipe:
        case Taken((root, *steps), without):
            found = _place("find", f"said.{root}", steps)
            return f"without({', '.join([found, *map(literal, without)])})" if without else found
        case Fixed(value):
            return literal(value)
        case Members(members, base):
            pairs = ", ".join(f"{literal(n)}: {_asked(each)}" for n, each in members.items())
            more = "" if base is None else f", {_asked(base)}"
            return f"members({{{pairs}}}{more})"
        case Items(items):
            return f"[{', '.join(map(_asked, items))}]"
        case _:
            raise TypeError(recipe)


def _told(recipe: Recipe, root: str = "") -> str:
    """A recipe of what is told, as code on the names of its source, or members of `root`."""
    match recipe:
        case Taken((first, *steps), without):
            found = _place("pick", f"{root}{first}", steps)
            return f"without({', '.join([found, *map(literal, without)])})" if without else found
        case Fixed(value):
            return literal(value)
        case Members(members, base):
            pairs = [f"{literal(n)}: {_told(each, root)}" for n, each in members.items()]
            more = [] if base is None else [f"**({_told(base, root)} or {{}})"]
            return f"{{{', '.join([*more, *pairs])}}}"
        case Items(items):
            return f"[{', '.join(_told(each, root) for each in items)}]"
        case _:
            raise TypeError(recipe)


def _place(function: str, root: str, steps: Sequence[str | int]) -> str:
    return f"{function}({', '.join([root, *map(literal, steps)])})" if steps else root


def _is_built(backend: Backend, call: SocketCall) -> bool:
    """Whether the operation of a call is among those that are built."""
    return any(
        operation.method == call.method and leads_to(call.path, operation.path)
        for operation in backend.operations
    )


# ------------------------------------------------------------------ what is told


def _subscriptions(backend: Backend, sockets: Sequence[Socket]) -> list[dict[str, Any]]:
    found = {}
    for subscription in (each for socket in sockets for each in socket.subscriptions):
        lists = [each for each in subscription.lists if _is_listed(backend, each)]
        if lists:
            found[subscription.name] = [
                {
                    "collection": literal(each.collection),
                    "request": _request("GET", each.path, each.query, None),
                }
                for each in lists
            ]
    return [{"name": literal(name), "lists": found[name]} for name in sorted(found)]


def _is_listed(backend: Backend, watched: Watched) -> bool:
    return any(
        operation.method == "GET" and leads_to(watched.path, operation.path)
        for operation in backend.operations
    )


def _built_events(backend: Backend, sockets: Sequence[Socket]) -> list[LiveEvent]:
    built = {operation.id for operation in backend.operations}
    return [event for socket in sockets for event in socket.events if event.operation in built]


def _events(backend: Backend, sockets: Sequence[Socket]) -> list[dict[str, Any]]:
    """Return the events of the operations that are built, as code."""
    operations = {operation.id: operation for operation in backend.operations}
    return [
        {
            "method": operations[event.operation].method,
            "pattern": literal(_pattern(operations[event.operation].path)),
            "told": _arguments(event, signed=event.signed and backend.auth is not None),
            "to_writer": event.writer,
        }
        for event in _built_events(backend, sockets)
    ]


def _arguments(event: LiveEvent, *, signed: bool) -> str:
    assert isinstance(event.told, Members)  # noqa: S101 - what inference makes
    space, arguments = event.told.members["space"], event.told.members["arguments"]
    said = [literal(event.name), _told(arguments, "write.")]
    if space != Fixed([]):
        said.append(f"space={_told(space, 'write.')}")
    if event.key is not None:
        said.append(f"key=str({_told(event.key, 'write.')})")
    if signed:
        said.append("to_signed_in=True")
    return ", ".join(said)


def _pattern(path: str) -> str:
    return _PARAMETER.sub("[^/]+", re.escape(path.strip("/"))).replace("\\-", "-")
