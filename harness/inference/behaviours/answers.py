"""What a successful answer is made of: rows, lists, page facts, tokens, echoes, constants."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from harness.inference import naming
from harness.inference.behaviours.columns import is_datetime, moment
from harness.inference.behaviours.sideloads import Sideloads, is_sideload
from harness.inference.behaviours.views import Views
from harness.inference.model import (
    ColumnValue,
    Const,
    Expr,
    Finding,
    InputValue,
    Now,
    ObjectOf,
    OwnToken,
    PageInfo,
    PathValue,
    QueryValue,
    Render,
    RenderItems,
    ResponseTemplate,
    Template,
    Token,
    View,
)
from harness.inference.observe import Observation
from harness.inference.state.resources import Location, Shape, identity
from harness.inference.state.rows import UNKNOWN, Row
from harness.inference.state.tokens import token_values

_TELLING = 8
"""Texts of so many characters are not in the path and in the answer by chance."""

READ_HEADERS = ("location", "link", "www-authenticate", "retry-after")


@dataclass
class AnswerContext:
    """What the parts of an answer may refer to.

    `rows`: name -> the row it stands for in each observation (by index). `subject` is the name of
    the row that the answer's own resource is. `page` says which scalars are page facts.
    """

    views: Views
    roots: dict[Location, Shape]
    subject: str | None
    rows: dict[str, dict[int, Row]]
    fields: dict[int, dict[str, Any]]
    page: dict[Location, PageInfo] = field(default_factory=dict)
    page_headers: dict[str, Expr] = field(default_factory=dict)
    vocabulary: Location | None = None
    sideloads: Sideloads | None = None
    findings: list[Finding] = field(default_factory=list)


def answer_template(observations: list[Observation], context: AnswerContext) -> ResponseTemplate:
    """The response that explains the successful observations of an operation best."""
    status = Counter(each.status for each in observations).most_common(1)[0][0]
    usual = [each for each in observations if each.status == status]
    types = Counter(each.answer_type for each in usual)
    body: Expr | None = None
    if any(each.answer is not None or each.is_json for each in usual):
        filled = [each for each in usual if each.answer is not None or each.is_json]
        body = _explain([(each, each.answer) for each in filled], (), context)
    return ResponseTemplate(
        status=status,
        content_type=types.most_common(1)[0][0],
        headers=_headers(usual, context),
        body=body,
    )


Samples = list[tuple[Observation, Any]]


def _explain(samples: Samples, location: Location, context: AnswerContext) -> Expr:
    shape = context.roots.get(location)
    if shape is not None and context.subject is not None:
        view = context.views.by_shape.get(id(shape))
        if view is not None:
            rendered = Render(row=context.subject, view=view.name)
            own = _with_own_token(view, context.subject) if _holds_own_token(samples) else None
            return own or rendered
    items = context.roots.get((*location, "[]"))
    view = context.views.by_shape.get(id(items))
    if items is not None and view is not None:
        beside = is_sideload(location)
        return (
            _sideload(samples, location, context, view) if beside else RenderItems(view=view.name)
        )
    if context.vocabulary is not None and location == context.vocabulary:
        return RenderItems(column="name")
    if location in context.page:
        return context.page[location]
    values = [value for _, value in samples]
    if all(isinstance(value, dict) for value in values):
        keys = dict.fromkeys(key for value in values for key in value)
        return ObjectOf(
            fields={
                key: _explain(
                    [(each, value[key]) for each, value in samples if key in value],
                    (*location, key),
                    context,
                )
                for key in keys
            }
        )
    return _scalar(samples, location, context)


def _holds_own_token(samples: Samples) -> bool:
    """Whether an object shows the caller's own token, where the view of its kind gives new ones."""
    return all(
        isinstance(value, dict)
        and each.credential is not None
        and each.credential in value.values()
        for each, value in samples
    )


def _with_own_token(view: View, row: str) -> Expr | None:
    """A view of plain members, with the caller's own token in the place of a new one."""
    fields: dict[str, Expr] = {}
    for field_ in view.fields:
        match field_.value:
            case Token():
                fields[field_.key] = OwnToken()
            case ColumnValue(path=path):
                fields[field_.key] = ColumnValue(row=row, path=path)
            case Const() as constant:
                fields[field_.key] = constant
            case _:
                return None
    return ObjectOf(fields=fields)


def _sideload(samples: Samples, location: Location, context: AnswerContext, view: View) -> Expr:
    """A side-loaded list; none of its rows where nothing explains which they are."""
    observations = [each for each, _ in samples]
    expr = None
    if context.sideloads is not None:
        expr = context.sideloads.explain(observations, (*location, "[]"), view.name)
    if expr is None and any(value for _, value in samples):
        context.findings.append(
            Finding(
                level="warning",
                where=f"{observations[0].method} {observations[0].template} {'.'.join(location)}",
                detail="nothing explains which rows are beside the answer; none are answered",
                evidence=[each.id for each, value in samples if value][:5],
            )
        )
    return expr or Const(value=[])


def _scalar(samples: Samples, location: Location, context: AnswerContext) -> Expr:
    name = location[-1] if location else ""
    values = [value for _, value in samples]
    texts = [value for value in values if isinstance(value, str)]
    if texts and all(value == each.credential for each, value in samples):
        return OwnToken()
    tokens = len(texts) == len(values) and (
        all(token_values({name: text}) for text in texts)
        or any(text in each.given for each, text in samples)
    )
    if texts and tokens and (len(set(texts)) > 1 or context.subject is not None):
        return Token(row=context.subject or "me")
    same = all(value == values[0] for value in values)
    moving = isinstance(values[0], str) and is_datetime(values[0]) and not _spread(samples)
    if same and not moving:
        return _path_value(samples) or _template(samples, context) or Const(value=values[0])
    for source in (_from_row, _from_request, _from_clock, _template):
        if (expr := source(samples, context)) is not None:
            return expr
    best = max(values, key=values.count)
    context.findings.append(
        Finding(
            level="warning",
            where=f"{samples[0][0].method} {samples[0][0].template} {'.'.join(location)}",
            detail="the value changes for no reason seen; the most frequent one is answered",
            evidence=[each.id for each, value in samples if value != best][:5],
        )
    )
    return Const(value=best)


def _path_value(samples: Samples) -> Expr | None:
    """A key that is answered as it was asked for, though only one was ever asked for."""
    observation, value = samples[0]
    if isinstance(value, str) and len(value) >= _TELLING:
        for name, part in observation.params.items():
            if part == value:
                return PathValue(name=name)
    return None


def _spread(samples: Samples) -> bool:
    """Whether the samples were taken at times that a clock would tell apart."""
    times = [each.started for each, _ in samples]
    return max(times) - min(times) > 1


def _from_row(samples: Samples, context: AnswerContext) -> Expr | None:
    for name, rows in context.rows.items():
        known = [(rows[each.index], each, value) for each, value in samples if each.index in rows]
        if len(known) < len(samples):
            continue
        for column in known[0][0].facts:
            if all(
                row.value(column, each.index) == value is not None for row, each, value in known
            ):
                return ColumnValue(row=name, path=[naming.snake(column)])
    return None


def _from_request(samples: Samples, context: AnswerContext) -> Expr | None:
    observation = samples[0][0]
    for name in context.fields.get(observation.index, {}):
        if all(
            context.fields.get(each.index, {}).get(name, UNKNOWN) == value
            for each, value in samples
        ):
            return InputValue(name=name)
    for name in observation.params:
        if all(each.params.get(name) == identity(value) for each, value in samples):
            return PathValue(name=name)
    for name in dict(observation.query):
        if all(dict(each.query).get(name) == value for each, value in samples):
            return QueryValue(name=name)
    return None


def _from_clock(samples: Samples, _: AnswerContext) -> Expr | None:
    if not all(is_datetime(value) for _, value in samples):
        return None
    offsets = [(moment(value) or 0) - each.started for each, value in samples]
    return Now() if max(offsets) - min(offsets) < 120 else None  # noqa: PLR2004


def _template(samples: Samples, _: AnswerContext) -> Expr | None:
    """Text in which a path parameter, or the origin, is written out."""
    observation, value = samples[0]
    if not isinstance(value, str):
        return None
    for name, part in observation.params.items():
        if len(part) < 1 or part not in value:
            continue
        text = value.replace(part, f"{{{name}}}")
        if (
            all(
                isinstance(other, str)
                and text.replace(f"{{{name}}}", each.params.get(name, "")) == other
                for each, other in samples
            )
            and len({each.params.get(name) for each, _ in samples}) > 1
        ):
            return Template(text=text, values={name: PathValue(name=name)})
    if value.startswith(observation.origin):
        text = "{origin}" + value[len(observation.origin) :]
        if all(
            isinstance(other, str) and text.replace("{origin}", each.origin) == other
            for each, other in samples
        ):
            return Template(text=text)
    return None


def _headers(observations: list[Observation], context: AnswerContext) -> dict[str, Expr]:
    found: dict[str, Expr] = dict(context.page_headers)
    for name in READ_HEADERS:
        if name in found:
            continue
        present = [each for each in observations if each.headers.get(name)]
        if len(present) * 2 <= len(observations):
            continue
        values = [(each, each.headers[name]) for each in present]
        expr = _row_path(values, context) or _template(values, context)
        if expr is None and all(value == values[0][1] for _, value in values):
            expr = Const(value=values[0][1])
        if expr is not None:
            found[name.title() if name != "www-authenticate" else "WWW-Authenticate"] = expr
    return found


def _row_path(samples: Samples, context: AnswerContext) -> Expr | None:
    """`/posts/7` or `http://host/posts/7`: an address that ends in the subject's key."""
    rows = context.rows.get(context.subject or "", {})
    texts = set()
    key = ""
    for each, value in samples:
        row = rows.get(each.index)
        if row is None:
            return None
        mark = identity(row.value(row.draft.key, each.index))
        text = value.replace(each.origin, "{origin}", 1)
        if mark is None or not text.endswith(f"/{mark}"):
            return None
        head = text[: -len(mark)]
        for name, part in each.params.items():
            head = head.replace(f"/{part}/", f"/{{{name}}}/")
        texts.add(head)
        key = row.draft.key
    if len(texts) != 1:
        return None
    values: dict[str, Expr] = {
        "key": ColumnValue(row=context.subject or "", path=[naming.snake(key)])
    }
    values.update({name: PathValue(name=name) for name in samples[0][0].params})
    return Template(text=texts.pop() + "{key}", values=values)
