"""Why an operation refuses: conditions and the checks that they belong to."""

from typing import Annotated, Literal

from pydantic import Field

from harness.inference.model.basis import Evidence, Part
from harness.inference.model.expressions import Predicate
from harness.inference.model.requests import ResponseTemplate


class Unparsable(Part):
    """The body is not JSON (or not of its content type)."""

    kind: Literal["unparsable"] = "unparsable"


class Unauthenticated(Part):
    """No token of the scheme was sent."""

    kind: Literal["unauthenticated"] = "unauthenticated"


class BadToken(Part):
    """A token was sent that is not valid."""

    kind: Literal["bad_token"] = "bad_token"


class TokenOfNobody(Part):
    """A token was sent whose user is gone."""

    kind: Literal["token_of_nobody"] = "token_of_nobody"


class BadParam(Part):
    """A path or query parameter is not of its type."""

    kind: Literal["bad_param"] = "bad_param"
    place: Literal["path", "query"]
    name: str


class InvalidBody(Part):
    """A rule of the request body is broken; the rules hold the response."""

    kind: Literal["invalid_body"] = "invalid_body"


class Missing(Part):
    """The lookup found no row. The lookup is made at this place in the order of checks."""

    kind: Literal["missing"] = "missing"
    lookup: str


class Taken(Part):
    """Another row has the value of the field already (not the row under change)."""

    kind: Literal["taken"] = "taken"
    entity: str
    column: str
    input: str


class WrongPassword(Part):
    """The password in the body is not the row's."""

    kind: Literal["wrong_password"] = "wrong_password"
    input: str
    row: str


class SamePassword(Part):
    """The new password in the body is the one that the row has already."""

    kind: Literal["same_password"] = "same_password"
    input: str
    row: str


class Holds(Part):
    kind: Literal["holds"] = "holds"
    predicate: Predicate


Condition = Annotated[
    Unparsable
    | Unauthenticated
    | BadToken
    | TokenOfNobody
    | BadParam
    | InvalidBody
    | Missing
    | Taken
    | WrongPassword
    | SamePassword
    | Holds,
    Field(discriminator="kind"),
]


class Check(Part):
    """Answer with `response` when the condition is met. `response` is None for InvalidBody.

    `assumed`: not observed on this operation but carried over from its siblings.
    """

    when: Condition
    response: ResponseTemplate | None = None
    evidence: Evidence = []
    assumed: bool = False


class RuledOutCheck(Part):
    """A condition that accepted requests met: it refuses nothing."""

    when: Condition
    evidence: Evidence = []
