"""Names of path parameters: after the field that they bind to."""

import re
from collections import Counter

from harness.inference.naming import singular
from harness.inference.paths.provenance import Pool, identifies
from harness.inference.paths.segments import SLASH, WORD, is_prefix, value_of
from harness.inference.paths.tree import Node

_FORM_NAMES = {"date": "date", "datetime": "time", "email": "email"}
_PLAIN = frozenset({"id", "_id", "pk", "Id", "ID"})
_MIN_SHARE = 0.5


def name_parameters(root: Node, pool: Pool) -> None:
    """Name every parameter of a folded tree and write the templates on its places."""
    _walk(root, "", "", (), pool)


def _walk(node: Node, path: str, literal: str, taken: tuple[str, ...], pool: Pool) -> None:
    node.template = path
    for token, child in node.children.items():
        named = token != SLASH and token.startswith(SLASH)
        _walk(child, path + token, token if named else literal, taken, pool)
    if node.param is not None:
        param = node.param
        param.name = _name(param, node, literal, taken, pool)
        glue = "" if literal and path.endswith(literal) and is_prefix(literal) else SLASH
        _walk(param, f"{path}{glue}{{{param.name}}}", literal, (*taken, param.name), pool)


def _name(param: Node, parent: Node, literal: str, taken: tuple[str, ...], pool: Pool) -> str:
    if param.hinted:
        hinted = param.hinted.most_common(1)[0][0]
        if hinted not in taken:
            return hinted
    named = literal.endswith(":")
    key = _identifier(literal) if named else _bound_key(param, parent, pool)
    owner = singular(value_of(literal)) if literal else ""
    if key in _PLAIN:
        key = f"{owner}_id" if taken and owner else "id"
    name = key if key not in taken else f"{owner}_{key}"
    while name in taken:
        name += "_"
    return name


def _bound_key(param: Node, parent: Node, pool: Pool) -> str:
    bound = Counter({k: n for k, n in param.own.items() if n >= _MIN_SHARE * param.answered})
    candidates = (
        bound,
        _row_votes(param, parent),
        param.passing,
        param.listed_keys,
        _pool_votes(param, pool),
    )
    for votes in candidates:
        if key := _winner(votes):
            return key
    if bound:
        return _identifier(min(bound, key=lambda key: (-bound[key], key)))
    kinds = {_FORM_NAMES.get(kind) for kind in param.forms}
    if len(kinds) == 1 and (name := kinds.pop()):
        return name
    return "name" if set(param.forms) == {WORD} else "id"


def _winner(votes: Counter[str]) -> str | None:
    keys = [key for key in votes if identifies(key)]
    if not keys:
        return None
    return _identifier(min(keys, key=lambda key: (-votes[key], key not in _PLAIN, len(key), key)))


def _identifier(key: str) -> str:
    name = re.sub(r"\W+", "_", key).strip("_")
    return f"p{name}" if not name or name[0].isdigit() else name


def _row_votes(param: Node, parent: Node) -> Counter[str]:
    """Columns of the listed rows that hold the parameter's values."""
    lists = [parent, *(child for token, child in parent.children.items() if token == SLASH)]
    votes: Counter[str] = Counter()
    for place in lists:
        for key, values in place.rows.items():
            share = len(values & param.samples)
            if share and share >= _MIN_SHARE * min(len(values), len(param.samples)):
                votes[key] += share
    return votes


def _pool_votes(param: Node, pool: Pool) -> Counter[str]:
    return Counter(
        key for value in sorted(param.samples) for key in sorted(pool.keys.get(value, ()))
    )
