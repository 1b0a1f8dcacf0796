"""Operations explained: what they check in which order, do, and answer."""

from collections.abc import Iterator

from harness.inference.explain.explanation import Explanation, Statement, say
from harness.inference.explain.wording import (
    answer_words,
    condition_words,
    effect_words,
    filter_words,
    input_words,
    listed,
    lookup_words,
    outline,
    query_words,
    rule_words,
)
from harness.inference.model import ApiModel, Endpoint, Operation, RequestBody, Rule

_AUTH = {
    "none": "Nobody needs to say who they are.",
    "optional": "A token is read where one is sent.",
    "required": "A token is required.",
}
_NOT_FOUND = 404
_WRONG_METHOD = 405
_DEFAULT = "the framework's own answer: none was seen"


def explain_operation(model: ApiModel, operation: Operation) -> Explanation:
    seen = endpoint_of(model, operation)
    times = f" Seen {seen.count} times." if seen else ""
    explanation = Explanation(
        subject=f"{operation.method} {operation.path} ({operation.id})",
        summary=f"{operation.summary}. {_AUTH[operation.auth]}{times}",
        evidence=operation.evidence,
    )
    explanation.add("Takes", _takes(operation))
    explanation.add("Checks, in this order", [each for _, each in refusals(operation)])
    explanation.add("Does", _does(operation))
    explanation.add("Answers", [say(answer_words(operation.response))])
    explanation.add("Ruled out", _ruled_out(operation))
    explanation.add("Not decided", findings_on(model, _name(operation)))
    return explanation


def explain_status(model: ApiModel, operation: Operation, status: int) -> Explanation:
    """When an operation answers with a status."""
    answers = [*refusals(operation), *_successes(operation)]
    cases = [each for code, each in answers if code == status]
    codes = sorted({code for code, _ in answers})
    explanation = Explanation(
        subject=f"{_name(operation)} {status}",
        summary=f"{operation.summary}: answers {status} in these cases, checked in this order."
        if cases
        else f"{operation.summary}: is not known to answer {status}, "
        f"but with {listed([str(code) for code in codes])}.",
    )
    explanation.add("Cases", cases)
    explanation.add("Ruled out", _ruled_out(operation))
    explanation.add("Not decided", findings_on(model, _name(operation)))
    return explanation


def explain_path(model: ApiModel, path: str, operations: list[Operation]) -> Explanation:
    """Everything under one path, and what other methods are answered."""
    methods = [each.method for each in operations]
    explanation = Explanation(
        subject=path,
        summary=f"Served with {listed(methods)}; ask for one of them to see more.",
        evidence=list(dict.fromkeys(name for each in operations for name in each.evidence[:5])),
    )
    explanation.add(
        "Operations", [say(f"{_name(each)} ({each.id}): {each.summary}") for each in operations]
    )
    explanation.add("Other methods", [_wrong_method(model)])
    return explanation


def explain_wrong_method(
    model: ApiModel, method: str, path: str, operations: list[Operation]
) -> Explanation:
    methods = listed([each.method for each in operations])
    explanation = Explanation(
        subject=f"{method} {path}",
        summary=f"No operation: {path} is served with {methods} only.",
    )
    explanation.add("Answers", [_wrong_method(model)])
    return explanation


def explain_endpoint(model: ApiModel, endpoint: Endpoint) -> Explanation:
    """An endpoint that was seen and is no operation of the clone."""
    explanation = Explanation(
        subject=f"{endpoint.method} {endpoint.path}",
        summary=f"Seen {endpoint.count} times ({endpoint.protocol}); the clone has no operation "
        "for it.",
        evidence=endpoint.evidence,
    )
    seen = [
        f"{status} {' or '.join(kinds)}".strip() for status, kinds in endpoint.responses.items()
    ]
    explanation.add("Was answered", [say(each) for each in seen])
    explanation.add("Answers", [_unknown_path(model)])
    name = f"{endpoint.method} {endpoint.path}"
    explanation.add("Not decided", findings_on(model, name))
    return explanation


def explain_stray(model: ApiModel, line: str) -> Explanation:
    """A request of which only findings are known."""
    explanation = Explanation(subject=line, summary="Seen, and no operation.")
    explanation.add("Why", findings_on(model, line))
    explanation.add("Answers", [_unknown_path(model)])
    return explanation


def endpoint_of(model: ApiModel, operation: Operation) -> Endpoint | None:
    key = operation.method, operation.path
    return next((each for each in model.endpoints if (each.method, each.path) == key), None)


def findings_on(model: ApiModel, where: str) -> list[Statement]:
    return [
        say(each.detail, each.evidence)
        for each in model.findings
        if each.where == where or each.where.startswith((f"{where} ", f"{where}."))
    ]


def refusals(operation: Operation) -> Iterator[tuple[int, Statement]]:
    """Every way to be refused, in the order of the checks, with its status."""
    for check in operation.checks:
        if check.response is not None:
            words = condition_words(check.when, operation)
            text = f"when {words}: {answer_words(check.response)}"
            yield check.response.status, say(text, check.evidence, assumed=check.assumed)
        elif operation.request is not None:
            yield from _broken_rules(operation.request)


def _broken_rules(body: RequestBody) -> Iterator[tuple[int, Statement]]:
    places = [("the body", rule) for rule in body.body_rules]
    places += [(f"the object {body.envelope}", rule) for rule in body.envelope_rules]
    places += [(field.name, rule) for field in body.fields for rule in field.rules]
    for name, rule in places:
        yield rule.status, _broken(rule, name)


def _broken(rule: Rule, name: str) -> Statement:
    text = f"when {rule_words(rule, name)}: {rule.status} {outline(rule.body)}"
    return say(text, rule.evidence, assumed=rule.assumed)


def _successes(operation: Operation) -> Iterator[tuple[int, Statement]]:
    text = f"when no check fails: {answer_words(operation.response)}"
    yield operation.response.status, say(text, operation.evidence)


def _takes(operation: Operation) -> list[Statement]:
    said = [say(f"{each.name} in the path: {each.type}") for each in operation.path_params]
    said += [say(f"?{each.name}=: {each.type}") for each in operation.query_params]
    body = operation.request
    if body is None:
        return said
    inside = f" inside the object {body.envelope}" if body.envelope else ""
    if body.fields:
        said.append(say(f"a body as {body.content_type}, its fields{inside}"))
    said += [say(input_words(each), each.evidence) for each in body.fields]
    if body.report == "first" and any(each.rules for each in body.fields):
        said.append(say("of several broken rules, only the first is told"))
    return said


def _does(operation: Operation) -> list[Statement]:
    said = [say(f"finds the {lookup_words(each)}") for each in operation.lookups]
    if operation.query is not None:
        said += [say(each) for each in query_words(operation.query)]
        said += [say(filter_words(each), each.evidence) for each in operation.query.filters]
    return said + [say(effect_words(each)) for each in operation.effects]


def _ruled_out(operation: Operation) -> list[Statement]:
    return [
        say(f"refusing when {condition_words(each.when, operation)}", each.evidence)
        for each in operation.ruled_out
    ]


def _wrong_method(model: ApiModel) -> Statement:
    known = model.fallbacks.wrong_method
    return say(f"a wrong method: {answer_words(known) if known else _DEFAULT}")


def _unknown_path(model: ApiModel) -> Statement:
    known = model.fallbacks.unknown_path
    return say(f"an unknown path: {answer_words(known) if known else _DEFAULT}")


def _name(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"
