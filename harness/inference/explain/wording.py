"""The parts of the API model in words: expressions, predicates, conditions, rules, effects."""

import json
from collections.abc import Mapping

from harness.inference.model import (
    AllOf,
    AnyOf,
    ArrayOf,
    BodyValue,
    ChildCount,
    Column,
    ColumnValue,
    Compare,
    Condition,
    Const,
    Effect,
    Expr,
    Filter,
    IfSent,
    InputField,
    InputValue,
    LinkCount,
    Linked,
    Lookup,
    Not,
    Now,
    ObjectOf,
    Operation,
    OwnToken,
    PageInfo,
    PathValue,
    Predicate,
    Query,
    QueryValue,
    Render,
    RenderChildren,
    RenderItems,
    RenderReferenced,
    RequestLine,
    ResponseTemplate,
    Rule,
    Template,
    Token,
)

_LONG = 240
_ROWS = {"me": "the caller", "row": "the row", "created": "the new row"}
_PAGE = {
    "total": "how many rows match in all",
    "count": "how many rows the page has",
    "limit": "the page's limit",
    "offset": "how many rows were skipped",
    "page": "the page's number",
    "pages": "how many pages there are",
    "has_more": "whether rows follow",
    "next_cursor": "where the next page begins",
    "links": "the addresses of the neighbouring pages",
}
_SIMPLE_CONDITIONS = {
    "unparsable": "the body cannot be parsed",
    "unauthenticated": "no token is sent",
    "bad_token": "the token is not valid",
    "token_of_nobody": "the token's user is gone",
    "invalid_body": "the body breaks a rule",
}
_RULES = {
    "required": "{name} is missing",
    "not_null": "{name} is null",
    "type": "{name} is not of type {limit}",
    "not_blank": "{name} is blank",
    "min_length": "{name} is shorter than {limit}",
    "max_length": "{name} is longer than {limit}",
    "minimum": "{name} is less than {limit}",
    "maximum": "{name} is more than {limit}",
    "email": "{name} is not an e-mail address",
    "uuid": "{name} is not a UUID",
    "url": "{name} is not a URL",
    "enum": "{name} is none of {limit}",
    "pattern": "{name} does not match {limit}",
}
_NORMALIZE = {
    "blank_to_null": "a blank value becomes null",
    "strip": "spaces around it are cut off",
    "lower": "it is lower-cased",
    "to_string": "it is turned into text",
    "email_domain_lower": "the domain is lower-cased",
}
_GENERATED = {
    "sequence": "counted up by the server",
    "uuid": "a new UUID",
    "object_id": "24 new hex digits",
    "digits": "{length} new digits",
    "random": "{length} new random characters",
    "now": "the time of the insert",
    "touched": "the time of the last change",
    "changed": "the time of the last change, null before the first",
}
_FILTERS = {
    "eq": "equals",
    "ne": "differs from",
    "gte": "is at least",
    "lte": "is at most",
    "contains": "contains",
    "like": "matches",
}


def listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def place(path: list[str]) -> str:
    return ".".join(path)


def row_words(name: str) -> str:
    return _ROWS.get(name, f"the {name.replace('_', ' ')}")


def value_words(expr: Expr) -> str:  # noqa: C901, PLR0911, PLR0912 - one line a kind
    """What an expression stands for."""
    match expr:
        case Const():
            return f"always {json.dumps(expr.value, ensure_ascii=False)}"
        case ObjectOf() | ArrayOf():
            return outline(expr)
        case ColumnValue():
            return f"{row_words(expr.row)}'s {place(expr.path)}"
        case IfSent():
            return f"{expr.value!r} where {expr.name} is sent, else null"
        case InputValue():
            return f"the request's field {expr.name}"
        case BodyValue():
            return "the request's body"
        case PathValue():
            return f"the path's {expr.name}"
        case QueryValue():
            return f"the query parameter {expr.name}"
        case RequestLine():
            return f"the request's {expr.part}"
        case Now():
            return "the time of the request"
        case OwnToken():
            return "the token that the request came with"
        case Token():
            return f"a token of {row_words(expr.row)}"
        case Template():
            known = "".join(f"; {name}: {value_words(x)}" for name, x in expr.values.items())
            return f'the text "{expr.text}"{known}'
        case Render():
            behind = f"'s {place(expr.path)}" if expr.path else ""
            return f"{row_words(expr.row)}{behind} as {expr.view}"
        case RenderItems():
            return f"the listed rows, each as {expr.view}" if expr.view else f"their {expr.column}s"
        case RenderChildren():
            return (
                f"the rows of {expr.entity} that point to {row_words(expr.row)} "
                f"by {expr.column}, oldest first, each as {expr.view}"
            )
        case RenderReferenced():
            return (
                f"the rows of {expr.entity} that {row_words(expr.row)} points to "
                f"by {expr.column}, each as {expr.view}"
            )
        case Linked():
            return f"whether {_linked(expr)}"
        case LinkCount():
            return f"how many users are linked to {row_words(expr.row)} by {expr.link}"
        case ChildCount():
            return f"how many rows of {expr.entity} point to {row_words(expr.row)} by {expr.column}"
        case PageInfo():
            return _PAGE[expr.fact]


def outline(expr: Expr) -> str:
    """An expression as JSON, with what is not constant in angle brackets."""
    match expr:
        case Const():
            return _short(json.dumps(expr.value, ensure_ascii=False))
        case ObjectOf():
            fields = (f"{json.dumps(key)}: {outline(x)}" for key, x in expr.fields.items())
            return "{" + ", ".join(fields) + "}"
        case ArrayOf():
            return "[" + ", ".join(outline(item) for item in expr.items) + "]"
        case _:
            return f"<{value_words(expr)}>"


def _short(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def answer_words(response: ResponseTemplate) -> str:
    body = "with an empty body" if response.body is None else outline(response.body)
    named = "".join(f"; {name}: {outline(value)}" for name, value in response.headers.items())
    return f"{response.status} {body}{named}"


def _linked(expr: Linked) -> str:
    row = row_words(expr.row) + (f"'s {place(expr.path)}" if expr.path else "")
    return f"the caller is linked to {row} by {expr.link}"


def predicate_words(predicate: Predicate, *, negated: bool = False) -> str:
    match predicate:
        case Not():
            return predicate_words(predicate.of, negated=not negated)
        case Linked():
            return _linked(predicate).replace(" is ", " is not " if negated else " is ", 1)
        case Compare():
            equal = (predicate.op == "eq") is not negated
            right = value_words(predicate.right).removeprefix("always ")
            return f"{value_words(predicate.left)} is {'' if equal else 'not '}{right}"
        case AllOf() | AnyOf():
            both = isinstance(predicate, AllOf) is not negated
            word = " and " if both else " or "
            return word.join(predicate_words(each, negated=negated) for each in predicate.of)


def lookup_words(lookup: Lookup) -> str:
    if lookup.by_token and lookup.value is not None:
        return f"{lookup.entity} whose token is {value_words(lookup.value)}"
    if lookup.column is None or lookup.value is None:
        return f"the only {lookup.entity}"
    within = "".join(
        f", its {column} being {row_words(row)}" for column, row in lookup.within.items()
    )
    return f"{lookup.entity} whose {lookup.column} is {value_words(lookup.value)}{within}"


def condition_words(condition: Condition, operation: Operation) -> str:  # noqa: PLR0911 - one a kind
    match condition.kind:
        case "missing":
            lookup = next((x for x in operation.lookups if x.name == condition.lookup), None)
            return f"there is no {lookup_words(lookup) if lookup else condition.lookup}"
        case "taken":
            return f"another {condition.entity} has the {condition.column} of the body already"
        case "wrong_password":
            return f"{condition.input} is not the password of {row_words(condition.row)}"
        case "same_password":
            return f"{condition.input} is the password that {row_words(condition.row)} has already"
        case "bad_param":
            params = [*operation.path_params, *operation.query_params]
            kind = next((x.type for x in params if x.name == condition.name), "its type")
            return f"the {condition.place} parameter {condition.name} is not of type {kind}"
        case "holds":
            return predicate_words(condition.predicate)
        case _:
            return _SIMPLE_CONDITIONS[condition.kind]


def rule_words(rule: Rule, name: str) -> str:
    return _RULES[rule.kind].format(name=name, limit=rule.limit)


def effect_words(effect: Effect) -> str:
    match effect.kind:
        case "insert":
            return f"inserts a row of {effect.entity}{_settings({}, effect.values)}"
        case "update":
            rest = "fall back to their defaults" if effect.replace else "stay as they are"
            changes = f"changes {row_words(effect.row)}{_settings(effect.inputs, effect.values)}"
            return f"{changes}; fields not sent {rest}"
        case "delete":
            return f"deletes {row_words(effect.row)}"
        case "delete_matching":
            return "deletes every listed row"
        case "set_link":
            verb = "links the caller to" if effect.on else "ends the caller's link to"
            return f"{verb} {row_words(effect.row)} by {effect.link}"
        case "end_session":
            return "ends the session of the request's token"


def _settings(inputs: Mapping[str, str], values: Mapping[str, Expr]) -> str:
    sent = dict(inputs)
    sent.update({column: x.name for column, x in values.items() if isinstance(x, InputValue)})
    told = [name if name == column else f"{column} (from {name})" for column, name in sent.items()]
    said = [f"{listed(told)} as sent"] if told else []
    said += [
        f"{column} {'' if isinstance(x, Const) else 'as '}{value_words(x)}"
        for column, x in values.items()
        if not isinstance(x, InputValue)
    ]
    return f", with {', '.join(said)}" if said else ""


def filter_words(each: Filter) -> str:
    if each.op == "linked":
        return f"?{each.param}= keeps rows linked by {each.link} to the user with that " + place(
            each.path[-1:]
        )
    if each.op == "search":
        places = listed([place(path) for path in each.paths])
        return f"?{each.param}= keeps rows with the text in {places}"
    return f"?{each.param}= keeps rows whose {place(each.path)} {_FILTERS[each.op]} the value"


def query_words(query: Query) -> list[str]:
    """Sentences on which rows a list has, and in which order."""
    scope = " and ".join(predicate_words(each) for each in query.scope)
    said = [f"lists rows of {query.entity}" + (f" for which {scope}" if scope else "")]
    if query.order:
        said.append(
            "orders them by "
            + listed([f"{x.column}{', descending' if x.descending else ''}" for x in query.order])
        )
    if query.sort is not None:
        said.append(f"?{query.sort.param}= sorts by one of {', '.join(query.sort.keys)}")
    paging = query.paging
    if paging is not None:
        names = [f"?{name}=" for name in (paging.limit_param, paging.offset_param) if name]
        default = paging.default_limit
        usual = "" if default is None else f"; a page has {default} rows unless told"
        most = "" if paging.max_limit is None else f", {paging.max_limit} at most"
        said.append(f"cuts pages by {listed(names) or 'nothing'}{usual}{most}")
    return said


def column_words(column: Column) -> list[str]:
    """Sentences on what a column holds and how its values come about."""
    limits = ["may be null" if column.nullable else "never null"]
    if column.unique:
        limits.append("unique")
    if column.enum:
        limits.append(f"one of {', '.join(column.enum)}")
    said = [f"stored as {column.type}, {', '.join(limits)}"]
    if column.references:
        fate = "go with it" if column.on_delete == "cascade" else "stay, with null here"
        said.append(
            f"points to a row of {column.references}; when that is deleted, rows here {fate}"
        )
    if column.generated is not None:
        said.append(f"set by the server: {_generated(column)}")
    elif column.default is not None:
        said.append(f"{json.dumps(column.default)} where a new row is given none")
    if column.secret:
        said.append("kept secret, never shown")
    if column.items != "given":
        said.append(f"items are kept {column.items.replace('_', ' and ')}")
    if column.vocabulary:
        said.append(f"every item ever used is collected in {column.vocabulary}")
    return said


def _generated(column: Column) -> str:
    generated = column.generated
    assert generated is not None  # noqa: S101 - the caller looked
    if generated.by != "slug":
        return _GENERATED[generated.by].format(length=generated.length)
    suffix = f", with {generated.suffix} random hex digits on a clash" if generated.suffix else ""
    fate = "made again" if generated.follows else "not made again"
    return f"the slug of {generated.of}{suffix}; {fate} when {generated.of} changes"


def input_words(each: InputField) -> str:
    null = " or null" if each.nullable else ""
    changes = "".join(f"; {_NORMALIZE[name]}" for name in each.normalize)
    return f"{each.name}: {each.type}{null}{changes}"
