"""What every operation shares: credentials, permissions and answers carried over to siblings."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Literal

from harness.inference import naming
from harness.inference.behaviours.error_answers import error_template
from harness.inference.behaviours.missing_rows import carry_missing, insert_check
from harness.inference.model import (
    Auth,
    BadToken,
    Check,
    ColumnValue,
    Compare,
    Const,
    Delete,
    Fallbacks,
    Holds,
    Insert,
    InvalidBody,
    Operation,
    RequestLine,
    ResponseTemplate,
    SetLink,
    Unauthenticated,
    Unparsable,
    Update,
)
from harness.inference.observe import Observation
from harness.inference.state.world import World

TokenFormat = Literal["jwt", "uuid", "hex", "base64url"]
_TOKEN_FORMATS: dict[TokenFormat, str] = {
    "jwt": r"[\w-]+\.[\w-]+\.[\w-]*",
    "uuid": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "hex": r"[0-9a-f]+",
}
_NOT_FOUND = 404


def accepted_schemes(observations: list[Observation], world: World) -> set[str]:
    """Words before a token with which a request was let in where a token is needed."""
    strict = {each.key for each in observations if each.status in {401, 403}}
    good, bad = Counter[str](), Counter[str]()
    for each in observations:
        if not each.credential or (each.recording, each.credential) not in world.tokens:
            continue
        scheme = each.scheme or ""
        if each.ok and each.key in strict:
            good[scheme] += 1
        elif each.status == 401:  # noqa: PLR2004
            bad[scheme] += 1
        elif each.ok:
            good[scheme] += 0
    return {scheme for scheme in good if good[scheme] or not bad[scheme]}


def learn_auth(observations: list[Observation], world: World, schemes: set[str]) -> Auth | None:
    """The authentication scheme, when tokens of users were seen."""
    used = [each for each in observations if each.credential and world.caller(each)]
    if world.user is None or (not used and not world.tokens):
        return None
    header = Counter(each.credential_header for each in used).most_common(1)
    name = (header[0][0] if header else None) or "authorization"
    order = Counter(each.scheme or "" for each in used)
    tokens = [token for _, token in world.tokens]
    return Auth(
        user=world.user.name,
        header="-".join(part.capitalize() for part in name.split("-")),
        schemes=sorted(schemes, key=lambda each: (-order[each], each)) or ["Bearer"],
        token_format=_token_format(tokens),
        token_length=Counter(map(len, tokens)).most_common(1)[0][0] if tokens else None,
        evidence=[each.id for each in used][:10],
    )


def _token_format(tokens: list[str]) -> TokenFormat:
    return next(
        (
            name
            for name, pattern in _TOKEN_FORMATS.items()
            if tokens and all(re.fullmatch(pattern, token) for token in tokens)
        ),
        "base64url",
    )


def set_auth_modes(operations: list[Operation], groups: dict[str, list[Observation]]) -> None:
    """Whether an operation needs a user, may have one, or never looks.

    Where no operation ever refused a missing or wrong token, those are taken to look at it that
    change rows which belong to whoever made them.
    """
    guarded = any(
        isinstance(check.when, Unauthenticated | BadToken)
        for operation in operations
        for check in operation.checks
    )
    owned = {
        effect.entity
        for operation in operations
        for effect in operation.effects
        if isinstance(effect, Insert) and '"row":"me"' in effect.model_dump_json()
    }
    for operation in operations:
        group = [each for each in groups[operation.id] if each.status < 400]  # noqa: PLR2004
        anonymous = any(not each.credential for each in group)
        identified = any(each.credential for each in group)
        refused = any(isinstance(check.when, Unauthenticated) for check in operation.checks)
        if refused or _needs_me(operation):
            operation.auth = "required"
        elif identified and not anonymous:
            theirs = bool(_changed(operation) & owned)
            lenient = operation.method == "GET" or not (guarded or theirs)
            operation.auth = "optional" if lenient else "required"
        else:
            operation.auth = "optional" if identified else "none"


def _changed(operation: Operation) -> set[str]:
    """The entities whose rows an operation changes or deletes."""
    entities = {lookup.name: lookup.entity for lookup in operation.lookups}
    rows = {each.row for each in operation.effects if isinstance(each, Update | Delete)}
    return {entities[row] for row in rows if row in entities}


def _needs_me(operation: Operation) -> bool:
    """Whether an operation means nothing without a user: it links them, or lists what they are."""
    if any(isinstance(effect, SetLink) for effect in operation.effects):
        return True
    own = operation.query.model_dump_json(include={"scope"}) if operation.query else ""
    return '"kind":"linked"' in own or '"row":"me"' in operation.model_dump_json(
        include={"effects", "checks", "lookups", "response", "query"}
    )


def carry_over(
    operations: list[Operation], groups: dict[str, list[Observation]], world: World
) -> None:
    """Give operations the refusals that their siblings show and they were not asked for."""
    _carry(operations, Unauthenticated, lambda op: op.auth == "required")
    _carry(operations, BadToken, lambda op: op.auth == "required", also=Unauthenticated)
    _carry(
        operations,
        Unparsable,
        lambda op: op.request is not None and op.request.content_type == "application/json",
    )
    _carry_me_flags(operations, groups, world)
    carry_missing(operations, groups, world)
    for operation in operations:
        rules = operation.request is not None and any(
            [*(f.rules for f in operation.request.fields), operation.request.body_rules,
             operation.request.envelope_rules]
        )  # fmt: skip
        present = any(isinstance(check.when, InvalidBody) for check in operation.checks)
        if rules and not present:
            insert_check(operation, Check(when=InvalidBody(), assumed=True))


def _responses(operations: list[Operation], kind: type) -> list[ResponseTemplate]:
    return [
        check.response
        for operation in operations
        for check in operation.checks
        if isinstance(check.when, kind) and check.response is not None and not check.assumed
    ]


def _carry(
    operations: list[Operation],
    kind: type,
    applies: Callable[[Operation], bool],
    also: type | None = None,
) -> None:
    responses = _responses(operations, kind) or (_responses(operations, also) if also else [])
    if not responses:
        return
    usual = Counter(each.model_dump_json() for each in responses).most_common(1)[0][0]
    for operation in operations:
        if applies(operation) and not any(isinstance(c.when, kind) for c in operation.checks):
            response = ResponseTemplate.model_validate_json(usual)
            insert_check(operation, Check(when=kind(), response=response, assumed=True))


def _carry_me_flags(
    operations: list[Operation], groups: dict[str, list[Observation]], world: World
) -> None:
    """A refusal by a flag of the caller holds on siblings that no such caller was let in to."""
    seen: dict[str, list[tuple[Operation, Check]]] = defaultdict(list)
    for operation in operations:
        for check in operation.checks:
            if _caller_flag(check) is not None and not check.assumed:
                mark = check.model_dump_json(include={"when", "response"})
                seen[mark].append((operation, check))
    for uses in seen.values():
        flag = _caller_flag(uses[0][1])
        everywhere = any(operation.kind == "current_user" for operation, _ in uses)
        resources = {operation.resource for operation, _ in uses}
        for operation in operations:
            near = everywhere or (operation.resource in resources and len(uses) > 1)
            if operation.auth != "required" or not near or flag is None:
                continue
            if any(_caller_flag(check) == flag for check in operation.checks):
                continue
            if _never_let_in(groups[operation.id], flag, world):
                check = uses[0][1].model_copy(deep=True, update={"assumed": True, "evidence": []})
                insert_check(operation, check, rank=3)


def _caller_flag(check: Check) -> tuple[str, bool] | None:
    when = check.when
    if not isinstance(when, Holds) or not isinstance(when.predicate, Compare):
        return None
    left, right = when.predicate.left, when.predicate.right
    if isinstance(left, ColumnValue) and left.row == "me" and isinstance(right, Const):
        return left.path[-1], right.value
    return None


def _never_let_in(group: list[Observation], flag: tuple[str, bool], world: World) -> bool:
    callers = [(each, world.caller(each)) for each in group if each.ok]
    names = [n for n in (world.user.fields if world.user else []) if naming.snake(n) == flag[0]]
    return bool(callers) and all(
        caller is not None and caller.value(name, each.index - 1) is not flag[1]
        for each, caller in callers
        for name in names
    )


def learn_fallbacks(strays: list[Observation], operations: list[Operation]) -> Fallbacks:
    """Answers where no operation is."""
    paths = {operation.path for operation in operations}
    unknown = [
        each
        for each in strays
        if each.status == _NOT_FOUND
        and each.method not in {"HEAD", "OPTIONS"}
        and each.template not in paths
    ]
    wrong = [
        each
        for each in strays
        if (each.status == 405 or (each.status == _NOT_FOUND and each.template in paths))  # noqa: PLR2004
        and each.method not in {"HEAD", "OPTIONS"}
    ]
    heads = [each for each in strays if each.method == "HEAD"]
    options = [each for each in strays if each.method == "OPTIONS" and each.ok]
    return Fallbacks(
        unknown_path=error_template(unknown) if unknown else None,
        wrong_method=error_template(wrong) if wrong else None,
        head="wrong_method" if heads and all(each.status >= 400 for each in heads) else "get",  # noqa: PLR2004
        options=_options(options, operations) if options else None,
    )


def _options(answers: list[Observation], operations: list[Operation]) -> ResponseTemplate:
    """The answer to OPTIONS: what the path serves, where all answers tell that."""
    response = error_template(answers)
    served = RequestLine(part="methods")
    if all(each.answer == _served(each, operations) for each in answers):
        response.body = served
    allowed = [set((each.headers.get("allow") or "").split(",")) for each in answers]
    told = [set(_served(each, operations).split(",")) for each in answers]
    if allowed == told:
        response.headers["Allow"] = served
    return response


def _served(asked: Observation, operations: list[Operation]) -> str:
    methods = {each.method for each in operations if each.path == asked.template}
    methods |= {"HEAD"} if "GET" in methods else set()
    order = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
    return ",".join(method for method in order if method in methods)
