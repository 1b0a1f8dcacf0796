"""Requests with their answers, as observations of one operation."""

import json
from typing import Any

from harness.inference.model import Rule
from harness.inference.observe import UNPARSABLE, Observation
from harness.inference.requests.request_facts import RequestFacts
from harness.inference.requests.rules import learn_requests

Sent = tuple[Any, int, Any]


def observed(
    sent: list[Sent],
    method: str = "POST",
    template: str = "/things",
    content_type: str = "application/json",
) -> list[Observation]:
    return [
        Observation(
            index=index,
            recording="test",
            seq=index + 1,
            method=method,
            path=template,
            template=template,
            params={},
            query=[],
            origin="http://app.test",
            body=body,
            body_type=content_type,
            status=status,
            answer=answer,
            is_json=True,
            answer_type="application/json",
            headers={},
            raw_body=b"" if body is None else b"{" if body is UNPARSABLE else _raw(body),
        )
        for index, (body, status, answer) in enumerate(sent)
    ]


def _raw(body: Any) -> bytes:
    return json.dumps(body).encode()


def learned(sent: list[Sent], **options: str) -> RequestFacts:
    observations = observed(sent, **options)
    return learn_requests(observations)[observations[0].key]


def rules_of(facts: RequestFacts, field: str) -> dict[str, Rule]:
    return {
        rule.kind: rule for each in facts.body.fields if each.name == field for rule in each.rules
    }


def predict(facts: RequestFacts, body: Any) -> Any:
    method, template = facts.observations[0].key
    [observation] = observed([(body, 0, None)], method, template)
    return facts.response(observation)


ACCEPTED: list[Sent] = [
    ({"name": "Ada", "email": "ada@app.test", "age": 36}, 201, {"id": 1}),
    ({"name": "Grace", "email": "grace@app.test", "age": 30}, 201, {"id": 2}),
    ({"name": "Edsger", "email": "ewd@app.test"}, 201, {"id": 3}),
]


def keyed(**errors: str) -> dict[str, Any]:
    return {"errors": {field: [text] for field, text in errors.items()}}
