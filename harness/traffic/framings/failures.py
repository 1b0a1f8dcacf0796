"""Which HTTP status a failure told in words stands for."""

import re
from typing import Any

_STATUS_NAMES = ("status", "statusCode", "code", "error", "errorCode")
_WORD_NAMES = ("error", "code", "name", "className", "type", "status", "reason", "message")
_LOWEST, _TOO_HIGH = 400, 600
_RPC = {-32601: 404, -32602: 422, -32603: 500}
_SAID = {
    401: r"unauth|not.?logged|not.?authenticated|invalid.?token|credential",
    403: r"forbidden|not.?authori[sz]ed|permission|not.?allowed|access.?denied",
    404: r"not.?found|unknown|no.?such|does.?not.?exist",
    409: r"conflict|duplicate|already|exists|taken",
    422: r"valid|required|missing|unprocessable|malformed",
}
_WORDS = [(re.compile(said, re.IGNORECASE), status) for status, said in _SAID.items()]
BAD_REQUEST, UNAUTHORIZED = 400, 401


def status_of(error: Any) -> int | None:
    """Return the status that an error says; None where it does not say any."""
    if isinstance(error, dict):
        inner = error.get("error")
        if isinstance(inner, dict):
            return status_of(inner)
        for name in _STATUS_NAMES:
            value = error.get(name)
            number = int(value) if isinstance(value, str) and value.isdigit() else value
            if isinstance(number, int) and _LOWEST <= number < _TOO_HIGH:
                return number
            if isinstance(number, int) and number in _RPC:
                return _RPC[number]
        texts = [error[name] for name in _WORD_NAMES if isinstance(error.get(name), str)]
    else:
        texts = [error] if isinstance(error, str) else []
    for text in texts:
        for pattern, status in _WORDS:
            if pattern.search(text):
                return status
    return None
