"""Answers, parameters and request bodies with the rules of their fields."""

from typing import Any, Literal

from harness.inference.model.basis import Evidence, FieldType, Part
from harness.inference.model.expressions import Expr


class ResponseTemplate(Part):
    """A response. `body` None is empty; a string constant under a text type is sent as it is."""

    status: int
    content_type: str | None = "application/json"
    headers: dict[str, Expr] = {}
    body: Expr | None = None


class Param(Part):
    """`digits` are kept as text: numbers that are longer than numbers can be."""

    name: str
    type: Literal["string", "integer", "number", "boolean", "uuid", "digits"] = "string"
    required: bool = False
    default: Any = None


class Rule(Part):
    """What a request field must satisfy, and the error that says it does not.

    `limit` is the number of min_length, max_length, minimum, maximum, the list of enum, the
    pattern of pattern, the JSON type of type. The error's `body` may refer to the field
    (InputValue holds the value as sent) and to the body.
    """

    kind: Literal[
        "required", "not_null", "type", "not_blank", "min_length", "max_length", "minimum",
        "maximum", "email", "uuid", "url", "enum", "pattern",
    ]  # fmt: skip
    limit: Any = None
    status: int = 422
    body: Expr
    evidence: Evidence = []
    assumed: bool = False


class InputField(Part):
    """A field of the request body. Its rules are tried in order, the first broken one counts.

    `normalize` is applied after the rules, in order.
    """

    name: str
    type: FieldType
    nullable: bool = False
    normalize: list[
        Literal["blank_to_null", "strip", "lower", "to_string", "to_boolean", "email_domain_lower"]
    ] = []
    rules: list[Rule] = []
    evidence: Evidence = []


class RequestBody(Part):
    """The request body. With `envelope`, the fields are inside the object of that key.

    `body_rules` apply to the whole body (`required`: it is empty; `type`: not an object),
    `envelope_rules` to the envelope. Errors of several fields are merged: objects key by key,
    lists joined; with `report` "first" only the first counts. With `forms`, an operation that
    takes JSON reads forms, too. Without `objects_only`, other JSON values pass as empty objects.
    """

    content_type: Literal[
        "application/json", "application/x-www-form-urlencoded", "multipart/form-data"
    ] = "application/json"
    envelope: str | None = None
    fields: list[InputField] = []
    body_rules: list[Rule] = []
    envelope_rules: list[Rule] = []
    report: Literal["all", "first"] = "all"
    any_shape: bool = False
    forms: bool = False
    objects_only: bool = True


class Lookup(Part):
    """Find one row by a column; `within` narrows it to children of an earlier row.

    `column` None takes the only row of a singleton entity; `by_token` the user of a session.
    """

    name: str
    entity: str
    column: str | None
    value: Expr | None
    by_token: bool = False
    within: dict[str, str] = {}
    """Foreign key column of the entity -> name of an earlier row."""
