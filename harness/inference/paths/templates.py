"""Path templates, learned from a stream of exchanges.

A segment is a parameter when its form is an identifier's, when an answer repeats its value, or
when its value was seen in a body before and it serves what its siblings serve. Everything else
stays literal. Paths that were never routed (404, 405 only) are no templates.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from harness.inference.model import Finding
from harness.inference.paths.described_paths import DescribedPaths
from harness.inference.paths.digest import Digest, Unseen, decode, digest
from harness.inference.paths.folding import Folder
from harness.inference.paths.hints import PathHint, bind, hints
from harness.inference.paths.param_names import name_parameters
from harness.inference.paths.provenance import (
    MAX_LENGTH,
    Pool,
    describes_api,
    echoes,
    identifies,
)
from harness.inference.paths.segments import can_be_value, tokens, value_of
from harness.inference.paths.tree import MAX_ROW_VALUES, Node, Op, add_rows, shape_of
from harness.traffic.exchange import Exchange, Response

_MAX_HINTS = 500
_ENOUGH = 256
"""Answers of one place that are searched for its path's values: more add no evidence."""
_MAX_LISTED = 10
_SWITCHING = 101
_OK = 200
_CREATED = 201
_NOT_MODIFIED = 304
_FAILED = 400
_SAFE = "/{}:@!$&'()*+,;=~-._"


@dataclass(frozen=True, slots=True)
class Match:
    """The template of a path, and the decoded values of its parameters."""

    template: str
    params: dict[str, str]


class Templates:
    """Learned templates. `operations` are the (method, template) pairs that were ever routed."""

    def __init__(self, root: Node, pool: Pool, findings: list[Finding]) -> None:
        self._root = root
        self._pool = pool
        self.findings = findings
        places = [node for node in _places(root) if node.template]
        self.operations = sorted(
            (method, quote(node.template, _SAFE))
            for node in places
            for method, op in node.ops.items()
            if op.alive
        )
        self.templates = sorted({template for _, template in self.operations})

    def identifies_row(self, value: str) -> bool:
        """Whether a word was seen as the identifier of a row in a body."""
        return value in self._pool.keys

    def match(self, method: str, host: str, path: str) -> Match | None:
        """Find the template of a path. The method decides only between several that match.

        Hosts share their templates: the same API is recorded under many names.
        """
        del host
        found: Match | None = None
        for node, values in _search(self._root, tokens(path), 0, {}):
            if not any(op.alive for op in node.ops.values()):
                continue
            here = Match(quote(node.template, _SAFE), values)
            if method in node.ops and node.ops[method].alive:
                return here
            found = found or here
        return found


def learn(exchanges: Iterable[Exchange]) -> Templates:
    """Learn the path templates of a stream of exchanges, in one pass and bounded memory."""
    learner = _Learner()
    for exchange in exchanges:
        learner.observe(exchange)
    return learner.finish()


class _Learner:
    def __init__(self) -> None:
        self._root = Node()
        self._pool = Pool()
        self._hints: list[PathHint] = []
        self._unseen = Unseen()
        self._described = DescribedPaths()

    def observe(self, exchange: Exchange) -> None:
        request, response = exchange.request, exchange.response
        path = tokens(request.path)
        if not exchange.is_http:
            self._note(path, "GET", Response(_SWITCHING), None)
            return
        if response is None or request.method == "OPTIONS" or _adds_slash(request.path, response):
            return
        answer = digest(response.body)
        if answer is not None and describes_api(answer.value):
            self._described.add(answer.value)
            answer = None
        self._note(path, request.method, response, answer)
        if response.status >= _FAILED:
            if answer is not None and len(self._hints) < _MAX_HINTS:
                self._hints += hints(path, exchange, answer.value)
            return
        self._collect(request.body, digest(request.body))
        self._collect(response.body, answer)
        if response.status == _CREATED and (location := response.header("location")):
            self._pool.location(location)

    def _collect(self, body: bytes, content: Digest | None) -> None:
        """Keep the identifying words of what is new in a body."""
        if content is None or not self._unseen(body):
            return
        with suppress(RecursionError):
            self._pool.add(content.value)
            for rows in content.lists:
                fresh = [decode(row) for row in map(bytes, rows) if self._unseen(row)]
                self._pool.add(fresh)

    def _note(
        self, path: list[str], method: str, response: Response, answer: Digest | None
    ) -> None:
        succeeded = response.status < _FAILED
        node = self._root
        visited: list[tuple[str, Node]] = []
        for token in path:
            node = node.step(token)
            visited.append((value_of(token), node))
        op = node.ops.setdefault(method, Op())
        op.count += 1
        op.statuses.add(response.status)
        op.page &= _is_page(method, response)
        if not succeeded or answer is None or node.answered >= _ENOUGH:
            return
        value = answer.value
        op.shape |= shape_of(value)
        node.answered += 1
        for _, place in visited[:-1]:
            place.answered_below += 1
        places = [item for item, token in zip(visited, path, strict=True) if can_be_value(token)]
        _note_echoes(places, node, value)
        if method == "GET":
            _note_rows(node, answer)

    def finish(self) -> Templates:
        self._described.apply(self._root)
        folder = Folder(self._pool)
        folder.fold(self._root)
        for hint in self._hints:
            bind(self._root, hint)
        name_parameters(self._root, self._pool)
        findings = _drop_pages(self._root)
        findings += _unrouted(self._root)
        findings += [
            Finding(
                level="warning",
                where=place.template or "/",
                detail="siblings here answer alike, but nothing shows that they are values; "
                "they stay literal",
            )
            for place in folder.ambiguous
        ]
        return Templates(self._root, self._pool, findings)


def _adds_slash(path: str, response: Response) -> bool:
    """Whether the answer only redirects to the same path with or without a trailing slash."""
    if response.status not in (301, 302, 307, 308):
        return False
    target = urlsplit(response.header("location") or "").path
    return target != path and unquote(target).rstrip("/") == unquote(path).rstrip("/")


def _is_page(method: str, response: Response) -> bool:
    return method in ("GET", "HEAD") and (
        (response.status == _OK and response.content_type == "text/html")
        or response.status == _NOT_MODIFIED
    )


def _note_echoes(places: list[tuple[str, Node]], last: Node, value: Any) -> None:
    """Count the keys under which an answer repeats values of its path."""
    for text, key, rows in echoes(value, frozenset(text for text, _ in places)):
        for seen, place in places:
            if seen != text:
                continue
            if place is last and (not rows or (rows == 1 and identifies(key))):
                place.own[key] += 1
            elif place is not last and identifies(key):
                (place.listed_keys if rows else place.passing)[key] += 1


def _note_rows(node: Node, answer: Digest) -> None:
    """Keep the identifying columns of listed rows: they name the parameter below."""
    if node.listed >= MAX_ROW_VALUES:
        return
    value = answer.value
    lists = [*(value.values() if isinstance(value, dict) else [value])]
    lists += [[decode(bytes(row)) for row in rows] for rows in answer.lists]
    for rows in lists:
        if not (isinstance(rows, list) and rows and isinstance(rows[0], dict)):
            continue
        node.listed += len(rows)
        for key in filter(identifies, rows[0]):
            values = {
                str(row[key])
                for row in rows
                if isinstance(row, dict) and isinstance(row.get(key), str | int)
            }
            add_rows(node.rows, key, {item for item in values if len(item) <= MAX_LENGTH})


def _places(node: Node) -> Iterator[Node]:
    yield node
    for _, child in node.below():
        yield from _places(child)


def _search(
    node: Node, path: list[str], at: int, values: dict[str, str]
) -> Iterator[tuple[Node, dict[str, str]]]:
    """Walk all ways through the tree that fit a path, the most literal first."""
    if at == len(path):
        yield node, values
        return
    token = path[at]
    literal = node.children.get(token)
    if literal is not None:
        yield from _search(literal, path, at + 1, values)
    if node.param is not None and can_be_value(token):
        known = {**values, node.param.name: value_of(token)}
        yield from _search(node.param, path, at + 1, known)


def _drop_pages(root: Node) -> list[Finding]:
    """Remove HTML pages where the traffic also holds an API: they are its front end."""
    ops = [(node, method) for node in _places(root) for method, op in node.ops.items() if op.alive]
    pages = [
        (node, method)
        for node, method in ops
        if node.ops[method].page and _OK in node.ops[method].statuses
    ]
    if not pages or len(pages) == len(ops):
        return []
    for node, method in pages:
        del node.ops[method]
    return [
        Finding(
            level="info",
            where=", ".join(node.template for node, _ in pages[:_MAX_LISTED]),
            detail=f"{len(pages)} operations answer with HTML pages only and are left out",
        )
    ]


def _unrouted(root: Node) -> list[Finding]:
    return [
        Finding(
            level="info",
            where=f"{method} {node.template}",
            detail="only ever answered "
            + ", ".join(str(status) for status in sorted(op.statuses))
            + ": not an operation",
        )
        for node in _places(root)
        for method, op in node.ops.items()
        if not op.alive
    ]
