"""Secrets by their names and looks: passwords, tokens, and the sessions that logouts end."""

import re
from collections.abc import Iterator
from typing import Any

from harness.inference.naming import literals, snake
from harness.inference.observe import Observation

PASSWORD = re.compile(r"passw(or)?d|passphrase|^pwd$", re.IGNORECASE)
TOKENISH = re.compile(r"(^|_|[a-z])(token|jwt|api_?key|session)$", re.IGNORECASE)
LOGOUT = frozenset({"logout", "signout", "sign_out", "log_out"})
_UNAUTHORIZED = 401


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every scalar of a JSON value with its key."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, name)
    else:
        yield name, value


def token_values(answer: Any) -> list[str]:
    """Strings of an answer that are credentials by their key and their looks."""
    return [
        value
        for key, value in leaves(answer)
        if isinstance(value, str) and TOKENISH.search(key) and re.fullmatch(r"\S{12,}", value)
    ]


def tokens_in(observation: Observation) -> list[str]:
    """Credentials in an answer: by their key and looks, or because they were used as such."""
    named = token_values(observation.answer)
    return [*named, *sorted(observation.given.difference(named))]


def is_logout(method: str, template: str) -> bool:
    return method in {"POST", "DELETE"} and any(
        snake(word) in LOGOUT for word in literals(template)[-1:]
    )


def logout_operations(observations: list[Observation]) -> set[tuple[str, str]]:
    """Operations that end the session of their caller: by their name, or because it was over then.

    Of the latter, every token that was used again was refused; nothing is read at their paths.
    """
    found = {each.key for each in observations if is_logout(each.method, each.template or "")}
    read = {each.template for each in observations if each.method == "GET" and each.ok}
    ending: dict[tuple[str, str], bool] = {}
    last: dict[tuple[str, str], Observation] = {}
    for each in observations:
        mark = (each.recording, each.credential or "")
        before = last.get(mark)
        if each.credential and before is not None:
            ended = each.status == _UNAUTHORIZED
            ending[before.key] = ending.get(before.key, True) and ended
        if each.credential and each.ok:
            last[mark] = each
    return found | {
        (method, template)
        for (method, template), ended in ending.items()
        if ended and method in {"POST", "DELETE"} and "{" not in template and template not in read
    }


def ended_sessions(
    observations: list[Observation], logouts: set[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """Tokens that were refused after a logout, with the place of the logout."""
    left: dict[tuple[str, str], int] = {}
    ended: dict[tuple[str, str], int] = {}
    for each in observations:
        if not each.credential:
            continue
        mark = (each.recording, each.credential)
        if each.ok and each.key in logouts:
            left[mark] = each.index
        elif mark in left and each.status == 401:  # noqa: PLR2004
            ended[mark] = left[mark]
    return ended
