"""A small application in memory whose traffic is observed: people, their notes, comments, stars."""

import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from harness.inference.lists.query import ListFacts, learn_query
from harness.inference.lists.samples import Columns
from harness.inference.observe import Observation
from harness.inference.state.keys import ForeignKeys
from harness.inference.state.resources import draft_entities
from harness.inference.state.world import World

Note = dict[str, Any]
Select = Callable[[Note], bool]


class Notes:
    """Answers like a server, and remembers every exchange as an observation."""

    def __init__(self, *, opaque: bool = False, stamped: bool = True) -> None:
        self.opaque = opaque
        self.stamped = stamped
        self.observations: list[Observation] = []
        self.users: dict[str, dict[str, Any]] = {}
        self.notes: list[Note] = []
        self.comments: list[Note] = []
        self.stars: set[tuple[str, Any]] = set()
        self.made = 0

    # ------------------------------------------------------------------ what people do

    def join(self, *names: str, admin: bool = False) -> None:
        for name in names:
            user = {"username": name, "email": f"{name}@mail.test", "admin": admin}
            self.users[name] = user
            body = {"username": name, "email": user["email"], "password": "correct horse"}
            answer = {**user, "token": _token(name)}
            self.observe("POST", "/people", answer, body=body, status=201)

    def write(self, who: str, title: str, **fields: Any) -> Note:
        self.made += 1
        note: Note = {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, title)) if self.opaque else self.made,
            "title": title,
            "priority": fields.pop("priority", 0),
            "public": fields.pop("public", False),
            "tags": fields.pop("tags", []),
            "owner": who,
            **fields,
        }
        if self.stamped:
            note["createdAt"] = f"2026-01-01T10:{self.made:02}:00.000Z"
        self.notes.append(note)
        body = {"title": title, "priority": note["priority"]}
        self.observe("POST", "/notes", self.shown(note), who=who, body=body, status=201)
        return note

    def edit(self, note: Note, **fields: Any) -> None:
        note.update(fields)
        self.on_note("PATCH", "/notes/{id}", note, self.shown(note), body=fields)

    def remove(self, note: Note) -> None:
        self.notes.remove(note)
        self.on_note("DELETE", "/notes/{id}", note, None, status=204)

    def star(self, who: str, note: Note) -> None:
        self.stars.add((who, note["id"]))
        self.on_note("POST", "/notes/{id}/star", note, self.shown(note), who=who)

    def unstar(self, who: str, note: Note) -> None:
        self.stars.discard((who, note["id"]))
        self.on_note("DELETE", "/notes/{id}/star", note, self.shown(note), who=who)

    def comment(self, who: str, note: Note, text: str) -> None:
        comment = {"id": len(self.comments) + 1, "text": text, "by": who, "note": note["id"]}
        self.comments.append(comment)
        shown = {"id": comment["id"], "text": text, "by": who}
        path = "/notes/{id}/comments"
        self.on_note("POST", path, note, shown, who=who, body={"text": text}, status=201)

    def on_note(self, method: str, template: str, note: Note, answer: Any, **more: Any) -> None:
        more.setdefault("who", note["owner"])
        self.observe(method, template, answer, params={"id": str(note["id"])}, **more)

    # ------------------------------------------------------------------ lists

    def lists(
        self,
        notes: Iterable[Note],
        query: str = "",
        *,
        who: str | None = None,
        template: str = "/notes",
        around: Mapping[str, Any] | None = None,
        **more: Any,
    ) -> None:
        """Answer a list with notes: bare, or under `notes` with what stands `around` it."""
        rows: Any = [self.shown(note) for note in notes]
        answer = rows if around is None else {"notes": rows, **around}
        self.observe("GET", template, answer, who=who, query=query, **more)

    def lists_comments(self, note: Note) -> None:
        rows = [c for c in self.comments if c["note"] == note["id"]]
        shown = [{key: row[key] for key in ("id", "text", "by")} for row in rows]
        self.on_note("GET", "/notes/{id}/comments", note, shown)

    def newest(self, select: Select = bool) -> list[Note]:
        return [note for note in reversed(self.notes) if select(note)]

    def oldest(self, select: Select = bool) -> list[Note]:
        return [note for note in self.notes if select(note)]

    def shown(self, note: Note) -> Note:
        owner = self.users[note["owner"]]
        return {**note, "owner": {key: owner[key] for key in ("username", "email")}}

    # ------------------------------------------------------------------ observing and learning

    def observe(
        self,
        method: str,
        template: str,
        answer: Any,
        *,
        who: str | None = None,
        params: dict[str, str] | None = None,
        query: str = "",
        body: Any = None,
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        index = len(self.observations)
        path = template.format(**params) if params else template
        observation = Observation(
            index=index,
            recording="notes",
            seq=index + 1,
            method=method,
            path=path,
            template=template,
            params=params or {},
            query=parse_qsl(query, keep_blank_values=True),
            origin="http://notes.test",
            body=body,
            body_type="application/json",
            status=status,
            answer=json.loads(json.dumps(answer)),
            is_json=answer is not None,
            answer_type="application/json",
            headers=headers or {},
            credential=_token(who) if who else None,
            scheme="Bearer" if who else None,
            credential_header="authorization" if who else None,
        )
        self.observations.append(observation)

    def learn(self, template: str = "/notes", method: str = "GET") -> ListFacts:
        """Learn the list from everything observed."""
        drafts = draft_entities(self.observations)
        world = World(self.observations, drafts)
        seen = [o for o in self.observations if o.ok and o.key == (method, template)]
        shape, draft = next(
            (shape, draft)
            for draft in drafts
            for shape in draft.roots
            if (shape.method, shape.template) == (method, template) and shape.is_list
        )
        lookups = {
            name: (binding.draft.name, binding.draft)
            for (place, name), binding in world.bindings.items()
            if place == template
        }
        return learn_query(Columns(world, ForeignKeys(world)), seen, shape, draft, lookups)


def _token(who: str | None) -> str:
    return f"token-of-{who}-0123456789"
