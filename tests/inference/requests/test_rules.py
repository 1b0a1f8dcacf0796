"""Rules of request bodies, learned from refusals in the styles of common frameworks."""

from typing import Any

from harness.inference.observe import UNPARSABLE
from harness.inference.requests.rules import learn_requests
from tests.inference.refusals import (
    ACCEPTED,
    Sent,
    keyed,
    learned,
    observed,
    predict,
    rules_of,
)


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


def test_wrong_credentials_are_no_rule() -> None:
    def login(name: str, password: str) -> dict[str, str]:
        return {"name": name, "password": password}

    sent: list[Sent] = [(login(name, "secret"), 200, {}) for name in ("ada", "bob", "ada", "bob")]
    wrong = {"message": "Invalid name or password"}
    facts = learned([*sent, (login("eve", "no"), 400, wrong), (login("ada", "x"), 400, wrong)])
    assert not facts.explained
    assert not any(field.rules for field in facts.body.fields)


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


def test_a_form_sent_to_a_json_operation_is_not_an_object() -> None:
    answer = {"detail": [{"loc": ["body"], "msg": "not an object", "input": '{"name": "x"}'}]}
    form = observed(
        [({"name": "x"}, 422, answer)], content_type="application/x-www-form-urlencoded"
    )
    facts = learn_requests([*observed(ACCEPTED), *form])["POST", "/things"]
    assert [rule.kind for rule in facts.body.body_rules] == ["type"]
    assert facts.reproduces(form[0])


def test_issues_with_paths_and_codes() -> None:
    def issue(field: str, code: str, message: str) -> dict[str, Any]:
        return {"code": code, "path": [field], "message": message}

    def failure(*issues: dict[str, Any]) -> dict[str, Any]:
        return {"success": False, "error": {"name": "ZodError", "issues": list(issues)}}

    missing = [issue(name, "invalid_type", "Required") for name in ("name", "email")]
    facts = learned(
        [
            *ACCEPTED,
            ({}, 400, failure(*missing)),
            (
                {"name": "Lin", "email": "nope"},
                400,
                failure(issue("email", "invalid_string", "Invalid email")),
            ),
        ]
    )
    assert not facts.unexplained
    assert rules_of(facts, "email")["email"].status == 400
    assert predict(facts, {"email": "a@b.c"}) == (400, failure(missing[0]))


def test_the_address_of_a_fault_may_be_a_pointer() -> None:
    def failure(field: str) -> dict[str, Any]:
        source = {"pointer": f"/data/attributes/{field}"}
        return {"errors": [{"status": "422", "title": "is blank", "source": source}]}

    facts = learned([*ACCEPTED, ({"name": "", "email": "a@b.c"}, 422, failure("name"))])
    assert predict(facts, {"name": "", "email": "a@b.c"}) == (422, failure("name"))
    assert not facts.unexplained


def test_plain_text_errors() -> None:
    facts = learned(
        [*ACCEPTED, ({"email": "a@b.c"}, 400, "Name is required"), ({}, 400, "Name is required")]
    )
    assert not facts.unexplained
    assert predict(facts, {"email": "a@b.c"}) == (400, "Name is required")


def test_one_message_for_all_that_is_missing() -> None:
    facts = learned([*ACCEPTED, ({}, 400, {"error": "Missing parameters"})])
    assert predict(facts, {"name": "Lin"}) == (400, {"error": "Missing parameters"})


def test_a_repeated_value_is_not_the_name_of_its_field() -> None:
    sent: list[Sent] = [
        ({"type": "a", "text": "x"}, 201, {}),
        ({"type": "b", "text": "y"}, 201, {}),
        (
            {"text": 5},
            400,
            [{"type": "string.base", "message": "text must be a string", "path": ["text"]}],
        ),
    ]
    facts = learned(sent)
    assert "required" not in {
        rule.kind for rule in rules_of(facts, "type").values() if not rule.assumed
    }
    assert rules_of(facts, "text")["type"].limit == "string"


def test_refusals_for_other_reasons_stay_unexplained() -> None:
    wrong = ({"name": "Ada", "email": "ada@app.test"}, 400, {"message": "not on sundays"})
    facts = learned([*ACCEPTED, wrong])
    assert [each.status for each in facts.unexplained] == [400]
    assert not facts.explained
