"""Captures to read in tests: HAR entries and flows, small and made by hand."""

import gzip
import json
from pathlib import Path
from typing import Any

from harness.traffic.exchange import Exchange, Request, Response

ORIGIN = "https://api.shop.test"


def pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def entry(
    method: str = "GET",
    url: str = f"{ORIGIN}/items",
    *,
    status: int = 200,
    answer: Any = None,
    sent: Any = None,
    headers: dict[str, str] | None = None,
    answer_headers: dict[str, str] | None = None,
    mime: str = "application/json",
    second: float = 0,
    **extra: Any,
) -> dict[str, Any]:
    """A HAR entry; bodies that are no text are written as JSON."""
    request: dict[str, Any] = {"method": method, "url": url, "headers": pairs(headers or {})}
    if sent is not None:
        text = sent if isinstance(sent, str) else json.dumps(sent)
        request["postData"] = {"mimeType": "application/json", "text": text}
    content: dict[str, Any] = {"size": 0, "mimeType": mime}
    if answer is not None:
        content["text"] = answer if isinstance(answer, str) else json.dumps(answer)
    return {
        "startedDateTime": f"2026-01-02T03:04:{second:09.6f}+00:00",
        "time": 12.5,
        "request": request,
        "response": {
            "status": status,
            "headers": pairs({"content-type": mime, **(answer_headers or {})}),
            "content": content,
        },
        **extra,
    }


def har_text(entries: list[dict[str, Any]], indent: int | None = None) -> str:
    log = {"version": "1.2", "creator": {"name": "by hand"}, "pages": [], "entries": entries}
    return json.dumps({"log": log}, indent=indent)


def write_har(path: Path, entries: list[dict[str, Any]], indent: int | None = None) -> Path:
    data = har_text(entries, indent).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def tnetstring(value: Any) -> bytes:
    """Write a value as mitmproxy does."""
    if isinstance(value, dict):
        data, tag = b"".join(tnetstring(x) for pair in value.items() for x in pair), b"}"
    elif isinstance(value, list):
        data, tag = b"".join(map(tnetstring, value)), b"]"
    elif isinstance(value, bool):
        data, tag = (b"true" if value else b"false"), b"!"
    elif value is None:
        data, tag = b"", b"~"
    elif isinstance(value, bytes):
        data, tag = value, b","
    elif isinstance(value, str):
        data, tag = value.encode(), b";"
    else:
        data, tag = str(value).encode(), b"^" if isinstance(value, float) else b"#"
    return b"%d:%s%s" % (len(data), data, tag)


def flow(path: bytes = b"/items", *, content: bytes = b"[]", **extra: Any) -> dict[str, Any]:
    """The state of an HTTP flow, in the format of mitmproxy 11."""
    return {
        "version": 21,
        "type": "http",
        "id": "f1",
        "metadata": {},
        "request": {
            "method": b"GET",
            "scheme": b"http",
            "host": "10.0.0.7",
            "port": 8080,
            "authority": b"",
            "path": path,
            "headers": [[b"Host", b"api.shop.test"], [b"Accept", b"application/json"]],
            "content": b"",
            "timestamp_start": 100.0,
            "timestamp_end": 100.1,
        },
        "response": {
            "status_code": 200,
            "headers": [[b"Content-Type", b"application/json"]],
            "content": content,
            "timestamp_start": 100.2,
            "timestamp_end": 100.5,
        },
        "websocket": None,
        **extra,
    }


def exchange(
    method: str = "GET",
    path: str = "/items",
    *,
    host: str = "api.shop.test",
    query: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    body: bytes = b"",
    status: int | None = 200,
    answer_headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),),
    answer: bytes = b"{}",
    **extra: Any,
) -> Exchange:
    request = Request(method, "https", host, path, query, headers, body)
    response = None if status is None else Response(status, answer_headers, answer)
    return Exchange(1, request, response, **extra)
