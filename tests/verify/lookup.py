"""A backend that cheats: it looks up recorded requests and says what was recorded."""

import base64
import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from harness.traffic.exchange import Exchange

APP = '''
import base64
import json
import re
from collections import defaultdict
from datetime import datetime, timezone
from pathlib import Path

DATA = json.loads((Path(__file__).parent / "table.json").read_text())
TABLE = {k: v for k, v in DATA["table"]}
SEEN = defaultdict(int)
STAMP = re.compile(r"(\\d{4}-\\d\\d-\\d\\dT[0-9:]{8})(?:\\.(\\d+))?(Z|[+-]\\d\\d:\\d\\d)?")
STAMPS = {}


def now(found):
    """A timestamp of this moment, the same one for the same recorded one."""
    digits = len(found[2] or "")
    text = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return STAMPS.setdefault(found[0], text[: 20 + digits].rstrip(".") + (found[3] or ""))


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    while True:
        part = await receive()
        body += part.get("body", b"")
        if not part.get("more_body"):
            break
    try:
        body = json.dumps(json.loads(body), sort_keys=True).encode()
    except ValueError:
        pass
    headers = {k.decode().lower(): v.decode() for k, v in scope["headers"]}
    target = scope["raw_path"].decode().partition("?")[0]
    question = "\\n".join([scope["method"], target, scope["query_string"].decode(),
                          headers.get("authorization", ""), body.decode(errors="replace")])
    answers = TABLE.get(question, [[404, [], ""]])
    status, sent, text = answers[min(SEEN[question], len(answers) - 1)]
    SEEN[question] += 1
    text = base64.b64decode(text).decode(errors="replace")
    text = STAMP.sub(now, text)
    live = "http://" + headers["host"]
    for origin in DATA["origins"]:
        text = text.replace(origin, live)
        sent = [(k, v.replace(origin, live)) for k, v in sent]
    sent = [(k.encode(), v.encode()) for k, v in sent if k.lower() not in
            ("content-length", "transfer-encoding", "connection", "content-encoding", "date")]
    await send({"type": "http.response.start", "status": status, "headers": sent})
    await send({"type": "http.response.body", "body": text.encode()})
'''


def look_up(directory: Path, exchanges: Iterable[Exchange]) -> Path:
    """Make the backend in a directory answer from a table of these exchanges, in their order."""
    recorded = list(exchanges)
    table: dict[str, list[Any]] = defaultdict(list)
    for one in recorded:
        if one.response is not None:
            table[_question(one)].append(
                [
                    one.response.status,
                    one.response.headers,
                    base64.b64encode(one.response.body).decode(),
                ]
            )
    origins = sorted({f"{one.request.scheme}://{one.request.host}" for one in recorded})
    data = {"table": list(table.items()), "origins": origins}
    (directory / "app" / "table.json").write_text(json.dumps(data))
    (directory / "app" / "main.py").write_text(APP)
    return directory


def _question(exchange: Exchange) -> str:
    request = exchange.request
    try:
        body = json.dumps(json.loads(request.body), sort_keys=True)
    except ValueError:
        body = request.body.decode(errors="replace")
    authorization = request.header("authorization") or ""
    return f"{request.method}\n{request.path}\n{request.query}\n{authorization}\n{body}"
