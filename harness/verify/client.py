"""A small HTTP client that sends recorded requests as they were, over one kept connection."""

import http.client
import zlib
from typing import Self
from urllib.parse import quote, urlsplit

from harness.traffic.exchange import Headers, Response

_TIMEOUT_S = 20
_UNSAFE = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


class NoResponse(Exception):  # noqa: N818 - it names what was seen
    """The backend closed the connection, or did not answer in time."""


class Client:
    """Requests over a keep-alive connection, opened again when the server closed it."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._prefix = parts.path.rstrip("/")
        self._host = parts.netloc
        connection = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._connection = connection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, method: str, target: str, headers: Headers, body: bytes) -> Response:
        """Send a request; raise NoResponse where none comes back."""
        try:
            return self._send(method, target, headers, body)
        except (ConnectionError, http.client.BadStatusLine):
            self._connection.close()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise NoResponse(str(error) or type(error).__name__) from error
        try:
            return self._send(method, target, headers, body)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise NoResponse(str(error) or type(error).__name__) from error

    def close(self) -> None:
        self._connection.close()

    def _send(self, method: str, target: str, headers: Headers, body: bytes) -> Response:
        connection = self._connection
        url = self._prefix + quote(target, safe=_UNSAFE)
        connection.putrequest(method, url, skip_host=True, skip_accept_encoding=True)
        connection.putheader("Host", self._host)
        for name, value in headers:
            connection.putheader(name, value.encode())
        if body or method in {"POST", "PUT", "PATCH"}:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        with connection.getresponse() as answer:
            content = answer.read()
            received = tuple(answer.getheaders())
        return _decoded(Response(answer.status, received, content))


def _decoded(response: Response) -> Response:
    encoding = (response.header("content-encoding") or "").lower()
    if encoding not in {"gzip", "deflate"} or not response.body:
        return response
    wide = zlib.MAX_WBITS | 32
    return Response(response.status, response.headers, zlib.decompress(response.body, wide))
