"""Rules of request bodies, learned from refusals in the styles of common frameworks."""

import json
from typing import Any

from harness.inference.model import Rule
from harness.inference.observe import UNPARSABLE, Observation
from harness.inference.rules import RequestFacts, learn_requests

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


def test_errors_under_the_names_of_fields_are_merged() -> None:
    facts = learned(
        [
            *ACCEPTED,
            ({"email": "a@b.c"}, 422, keyed(name="is required")),
            ({"name": "", "email": "a@b.c"}, 422, keyed(name="can't be blank")),
            ({"name": "X Y", "email": "bad"}, 422, keyed(email="is not a valid e-mail address")),
            ({}, 422, keyed(name="is required", email="is required")),
        ]
    )
    assert not facts.unexplained
    assert list(rules_of(facts, "name")) == ["required", "not_blank"]
    email = rules_of(facts, "email").values()
    assert [rule.kind for rule in email if not rule.assumed] == ["required", "email"]
    assert not rules_of(facts, "age")
    assert predict(facts, {"name": " ", "email": "no"}) == (
        422,
        keyed(name="can't be blank", email="is not a valid e-mail address"),
    )
    assert predict(facts, {"name": "Barbara", "email": "b@app.test"}) is None


def item(field: str, kind: str, text: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"type": kind, "loc": ["body", field], "msg": text, "input": value, **more}


def test_listed_errors_echo_value_and_body_and_name_limits() -> None:
    short, long = "ab", "x" * 21
    facts = learned(
        [
            *ACCEPTED,
            (
                {"name": short, "email": "a@b.c"},
                422,
                {
                    "detail": [
                        item("name", "string_too_short", "at least 3 characters", short,
                             ctx={"min_length": 3})
                    ]
                },
            ),
            (
                {"name": long, "email": "a@b.c"},
                422,
                {"detail": [item("name", "string_too_long", "at most 20 characters", long)]},
            ),
            (
                {"age": "old"},
                422,
                {
                    "detail": [
                        item("name", "missing", "Field required", {"age": "old"}),
                        item("email", "missing", "Field required", {"age": "old"}),
                        item("age", "int_type", "Input should be a valid integer", "old"),
                    ]
                },
            ),
            (
                {"name": "Lin", "email": "a@b.c", "age": -1},
                422,
                {"detail": [item("age", "greater_than_equal", "greater than or equal to 0", -1)]},
            ),
        ]
    )  # fmt: skip
    assert not facts.unexplained
    name, age = rules_of(facts, "name"), rules_of(facts, "age")
    assert (name["min_length"].limit, name["max_length"].limit) == (3, 20)
    assert (age["type"].limit, age["minimum"].limit) == ("integer", 0)
    body = {"name": "y" * 30, "age": True}
    assert predict(facts, body) == (
        422,
        {
            "detail": [
                item("name", "string_too_long", "at most 20 characters", "y" * 30),
                item("email", "missing", "Field required", body),
                item("age", "int_type", "Input should be a valid integer", True),
            ]
        },
    )


def test_a_single_message_reports_the_first_broken_rule() -> None:
    facts = learned(
        [
            *ACCEPTED,
            ({"email": "a@b.c"}, 400, {"message": "Name is required"}),
            ({"name": "Lin"}, 400, {"message": "Email is required"}),
            ({}, 400, {"message": "Name is required"}),
            ({"name": "Lin", "email": "x"}, 400, {"message": "Email is invalid"}),
        ]
    )
    assert facts.body.report == "first"
    assert not facts.unexplained
    assert predict(facts, {}) == (400, {"message": "Name is required"})


def test_messages_in_a_list_belong_to_the_fields_that_they_name() -> None:
    facts = learned(
        [
            *ACCEPTED,
            (
                {},
                400,
                {"statusCode": 400, "message": ["name should not be empty", "email is missing"]},
            ),
        ]
    )
    assert not facts.unexplained
    assert predict(facts, {"email": "a@b.c"}) == (
        400,
        {"statusCode": 400, "message": ["name should not be empty"]},
    )


def test_only_listed_words_are_allowed() -> None:
    sent: list[Sent] = [
        ({"status": word}, 201, {}) for word in ("open", "done", "open", "done", "open")
    ]
    message = "status must be one of: open, closed, done"
    facts = learned([*sent, ({"status": "odd"}, 422, {"error": message})])
    assert rules_of(facts, "status")["enum"].limit == ["open", "closed", "done"]
    assert predict(facts, {"status": "closed"}) is None
    assert predict(facts, {"status": "new"}) == (422, {"error": message})


def test_errors_about_the_state_are_no_rules() -> None:
    facts = learned(
        [*ACCEPTED, ({"name": "Al", "email": "ada@app.test"}, 409, keyed(name="is already taken"))]
    )
    assert not rules_of(facts, "name")
    assert predict(facts, {"name": "Al", "email": "a@b.c"}) is None


def test_an_error_under_a_foreign_name_belongs_to_the_only_odd_field() -> None:
    odd = {"errors": {"function-after[check(), str]": ["value is not a valid email address"]}}
    facts = learned(
        [
            ({"email": "a@app.test"}, 200, {}),
            ({"name": "Ada"}, 200, {}),
            ({"name": "", "email": "b@app.test"}, 200, {}),
            ({"email": "bad"}, 422, odd),
            ({"email": ""}, 422, odd),
        ],
        method="PUT",
    )
    assert list(rules_of(facts, "email")) == ["email"]
    assert not facts.unexplained


def enveloped(*bodies: Any) -> list[Any]:
    return [{"thing": body} for body in bodies]


def test_envelope_empty_body_and_text_that_is_no_json() -> None:
    accepted = [(body, 201, {}) for body in enveloped({"name": "a"}, {"name": "b"})]
    facts = learned(
        [
            *accepted,
            ({}, 422, keyed(thing="is missing")),
            ({"thing": None}, 422, keyed(thing="must be an object")),
            ({"thing": {}}, 422, keyed(name="is missing")),
            (None, 422, keyed(body="is missing")),
            ([], 422, keyed(body="must be an object")),
            (UNPARSABLE, 400, {"detail": "cannot parse"}),
        ]
    )
    assert facts.body.envelope == "thing"
    assert [rule.kind for rule in facts.body.envelope_rules] == ["required", "not_null"]
    assert [rule.kind for rule in facts.body.body_rules] == ["required", "type"]
    assert not facts.unexplained
    assert facts.unparsable is not None
    assert facts.unparsable.status == 400


def test_rules_carry_over_to_fields_that_do_not_contradict_them() -> None:
    observations = observed(
        [
            *ACCEPTED,
            ({"email": "a@b.c"}, 422, keyed(name="is required")),
            ({"name": 5, "email": "a@b.c"}, 422, keyed(name="must be a string")),
            ({"name": "Lin", "email": "a@b.c", "age": "x"}, 422, keyed(age="must be a number")),
        ]
    )
    other = observed(
        [
            ({"text": "one", "note": ""}, 201, {}),
            ({"text": "two", "note": 7}, 201, {}),
        ],
        template="/notes",
    )
    for number, each in enumerate(other, len(observations)):
        each.index = number
    facts = learn_requests([*observations, *other])
    email = rules_of(facts["POST", "/things"], "email")
    assert email["required"].assumed
    assert email["type"].assumed
    notes = facts["POST", "/notes"]
    assert set(rules_of(notes, "text")) == {"required", "not_null", "type"}
    assert "type" not in rules_of(notes, "note")
    assert predict(notes, {"note": "x"}) == (422, keyed(text="is required"))


def test_updates_require_nothing() -> None:
    created = observed([*ACCEPTED, ({"email": "a@b.c"}, 422, keyed(name="is required"))])
    updated = observed(
        [({"name": "New"}, 200, {}), ({"email": "n@app.test"}, 200, {})], "PATCH", "/things/{id}"
    )
    facts = learn_requests([*created, *updated])
    assert predict(facts["PATCH", "/things/{id}"], {}) is None


def test_a_form_sent_to_a_json_operation_is_not_an_object() -> None:
    answer = {"detail": [{"loc": ["body"], "msg": "not an object", "input": '{"name": "x"}'}]}
    form = observed(
        [({"name": "x"}, 422, answer)], content_type="application/x-www-form-urlencoded"
    )
    facts = learn_requests([*observed(ACCEPTED), *form])["POST", "/things"]
    assert [rule.kind for rule in facts.body.body_rules] == ["type"]
    assert facts.reproduces(form[0])
