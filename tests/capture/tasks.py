"""A board of tasks that several users share: the state of one server, whatever it speaks."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Row = dict[str, Any]


class RefusedError(Exception):
    """What is asked for cannot be done; `status` says why, as HTTP does."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


@dataclass
class Tasks:
    """Users, their tokens and the tasks; rows get their keys from `new_key`."""

    new_key: Callable[[], Any]
    users: dict[str, Row] = field(default_factory=dict)
    callers: dict[str, str] = field(default_factory=dict)
    tasks: dict[Any, Row] = field(default_factory=dict)

    def register(self, name: str, password: Any) -> Row:
        if name in self.users:
            raise RefusedError(409, "This name is taken")
        self.users[name] = {"id": self.new_key(), "name": name, "password": password}
        return self._session(name)

    def log_in(self, name: str, password: Any) -> Row:
        user = self.users.get(name)
        if user is None or user["password"] != password:
            raise RefusedError(401, "Wrong name or password")
        return self._session(name)

    def caller(self, token: object) -> str:
        if not isinstance(token, str) or token not in self.callers:
            raise RefusedError(401, "Log in first")
        return self.callers[token]

    def create(self, who: str, title: str) -> Row:
        task = {
            "id": self.new_key(),
            "title": _checked(title),
            "done": False,
            "owner": who,
            "createdAt": datetime.now(UTC),
        }
        self.tasks[task["id"]] = task
        return task

    def update(self, key: Any, changes: Row) -> Row:
        task = self._find(key)
        if "title" in changes:
            task["title"] = _checked(changes["title"])
        if "done" in changes:
            task["done"] = changes["done"]
        return task

    def delete(self, key: Any) -> Row:
        return self.tasks.pop(self._find(key)["id"])

    def _find(self, key: Any) -> Row:
        if key not in self.tasks:
            raise RefusedError(404, "There is no such task")
        return self.tasks[key]

    def _session(self, name: str) -> Row:
        token = secrets.token_urlsafe(32)
        self.callers[token] = name
        return {"id": self.users[name]["id"], "name": name, "token": token}


def _checked(title: str) -> str:
    if not title.strip():
        raise RefusedError(422, "A task needs a title")
    return title
