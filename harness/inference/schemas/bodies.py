"""Schemas of request and response bodies of every content type."""

import re
from collections.abc import Collection
from email import policy
from email.parser import BytesParser
from urllib.parse import parse_qs

from harness.inference.schemas.parameters import QueryShape
from harness.inference.schemas.shape import UNREADABLE, Schema, Shape

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
EVENTS = "text/event-stream"
_TEXTS = ("text/", "application/xml", "application/javascript", "application/graphql")
_CSV = frozenset({"text/csv", "application/csv"})
_DESCRIPTION = re.compile(rb"""\s*\{\s*"(swagger|openapi|\$schema)"\s*:""")
"""A description of an API: its schema would describe OpenAPI, not the application."""
_MAX_HEAD = 512
_MAX_SEEN = 20_000
_MAX_COLUMNS = 200


class BodyShape:
    """What was seen of the bodies of one content type, at one status of one endpoint."""

    def __init__(self, content_type: str) -> None:
        self.content_type = content_type
        self.json = Shape()
        self.fields: dict[str, QueryShape] = {}
        self.files: dict[str, str] = {}
        self.bodies = 0
        self.texts = 0
        self.described = False
        self.events: dict[str, Shape] = {}
        self.columns: list[str] = []
        self._seen: set[int] = set()

    def add(self, body: bytes, full_type: str = "") -> None:
        """Add a body. `full_type` is the header's whole value: multipart needs its boundary."""
        digest = hash(body)
        if digest in self._seen:
            return
        if len(self._seen) < _MAX_SEEN:
            self._seen.add(digest)
        self.bodies += 1
        if self.content_type == FORM:
            self._add_form(body)
        elif self.content_type.startswith("multipart/"):
            self._add_multipart(body, full_type)
        elif self.content_type == EVENTS:
            self._add_events(body)
        elif self.content_type in _CSV:
            self._add_table(body)
        elif not self._add_json(body):
            self.texts += 1

    def schema(self, secrets: Collection[str]) -> Schema:
        if self.fields or self.files:
            return self._form_schema(secrets)
        if self.described:
            return {"type": "object"}
        if self.json.count:
            value = self.json.schema("", secrets)
            return {"anyOf": [value, {"type": "string"}]} if self.texts else value
        return self._text_schema(secrets)

    def _text_schema(self, secrets: Collection[str]) -> Schema:
        if self.events:
            events = sorted(self.events.items())
            return {
                "type": "string",
                "x-events": {name: shape.schema("", secrets) for name, shape in events},
            }
        if self.columns:
            return {"type": "string", "x-columns": self.columns}
        if self.content_type.startswith(_TEXTS) or "json" in self.content_type:
            return {"type": "string"}
        return {"type": "string", "format": "binary"}

    def _add_json(self, body: bytes) -> bool:
        if "json" not in self.content_type and body.lstrip()[:1] not in (b"{", b"["):
            return False
        if _DESCRIPTION.match(body[:_MAX_HEAD]):
            self.described = True
            return True
        try:
            self.json.add_json(body)
        except RecursionError:
            self.json = Shape()
            return False
        except UNREADABLE:
            return False
        return True

    def _add_form(self, body: bytes) -> None:
        for name, values in parse_qs(body.decode(errors="replace"), keep_blank_values=True).items():
            self.fields.setdefault(name, QueryShape()).add(values)

    def _add_multipart(self, body: bytes, full_type: str) -> None:
        head = f"Content-Type: {full_type or self.content_type}\r\n\r\n".encode()
        message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
        for part in message.iter_parts():
            name = part.get_param("name", header="content-disposition")
            if not isinstance(name, str):
                continue
            if part.get_filename() is not None:
                self.files[name] = part.get_content_type()
            else:
                text = part.get_payload(decode=True)
                value = text.decode(errors="replace") if isinstance(text, bytes) else ""
                self.fields.setdefault(name, QueryShape()).add([value.rstrip("\r\n")])

    def _add_events(self, body: bytes) -> None:
        text = body.decode(errors="replace").replace("\r\n", "\n")
        for block in text.split("\n\n"):
            name, data = "message", []
            for line in block.split("\n"):
                field, _, value = line.partition(":")
                if field == "event":
                    name = value.strip()
                elif field == "data":
                    data.append(value.removeprefix(" "))
            if data:
                self._add_event(name, "\n".join(data))

    def _add_event(self, name: str, data: str) -> None:
        shape = self.events.setdefault(name, Shape())
        try:
            shape.add_json(data.encode())
        except UNREADABLE:
            shape.add(data)

    def _add_table(self, body: bytes) -> None:
        first = body.split(b"\n", 1)[0].decode(errors="replace").strip("\ufeff\r")
        if not self.columns:
            self.columns = [name.strip(' "') for name in first.split(",")][:_MAX_COLUMNS]

    def _form_schema(self, secrets: Collection[str]) -> Schema:
        properties = {name: shape.schema(name, secrets) for name, shape in self.fields.items()}
        for name, media in self.files.items():
            properties[name] = {"type": "string", "format": "binary", "contentMediaType": media}
        result: Schema = {"type": "object", "properties": properties}
        required = [name for name, shape in self.fields.items() if shape.requests >= self.bodies]
        if required:
            result["required"] = required
        return result
