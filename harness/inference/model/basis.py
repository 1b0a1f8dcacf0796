"""What all parts of the model are made of."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

ColumnType = Literal[
    "string", "integer", "number", "boolean", "datetime", "date", "uuid", "json", "strings"
]
FieldType = Literal["string", "integer", "number", "boolean", "object", "strings", "array", "any"]
Evidence = list[str]
"""Exchanges that a fact rests on, as `recording#seq`."""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Finding(Part):
    """Expected trouble: what inference could not decide or did not use."""

    level: Literal["info", "warning", "error"]
    where: str
    detail: str
    evidence: Evidence = []
