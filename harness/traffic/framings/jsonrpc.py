"""JSON-RPC 2.0: calls with an id, answers with the same, notifications without."""

from typing import Any

from harness.traffic.framings.events import Answer, Call, Event, Push
from harness.traffic.framings.framing import json_in, require, text_of

_VERSION = "2.0"


class JsonRpc:
    """One object a message, or a batch of them. Ids are kept as JSON: `1` is not `"1"`."""

    name = "json-rpc"

    def decode(self, message: bytes, *, sent: bool) -> list[Event]:
        value = json_in(message)
        said = value if isinstance(value, list) else [value]
        require(said, "an empty batch")
        return [_event(each, sent=sent) for each in said]

    def encode(self, event: Event) -> bytes:
        return text_of({"jsonrpc": _VERSION, **_members(event)}).encode()


def _event(said: Any, *, sent: bool) -> Event:
    require(isinstance(said, dict) and said.get("jsonrpc") == _VERSION, "no JSON-RPC 2.0")
    reference = text_of(said["id"]) if said.get("id") is not None else None
    if isinstance(method := said.get("method"), str):
        params = said.get("params")
        arguments = tuple(params) if isinstance(params, list) else (params,)
        arguments = () if params is None else arguments
        return Call(method, arguments, reference) if sent else Push(method, arguments)
    require("result" in said or "error" in said, "neither a call nor an answer")
    failed = said.get("error") is not None
    value = said["error"] if failed else said.get("result")
    return Answer(reference or "null", (value,), failed)


def _members(event: Event) -> dict[str, Any]:
    match event:
        case Call(name, arguments, reference):
            called = {"method": name, **_params(arguments)}
            return called if reference is None else {"id": json_in(reference), **called}
        case Push(name, arguments):
            return {"method": name, **_params(arguments)}
        case Answer(reference, (value,), failed):
            return {"id": json_in(reference), "error" if failed else "result": value}
        case _:
            raise ValueError(f"JSON-RPC does not say {event}")


def _params(arguments: tuple[Any, ...]) -> dict[str, Any]:
    if not arguments:
        return {}
    named = len(arguments) == 1 and isinstance(arguments[0], dict)
    return {"params": arguments[0] if named else [*arguments]}
