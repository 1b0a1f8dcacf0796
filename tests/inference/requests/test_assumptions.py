"""Rules carried over from where they were observed."""

from harness.inference.observe import UNPARSABLE
from harness.inference.requests.rules import learn_requests
from tests.inference.refusals import ACCEPTED, Sent, keyed, observed, predict, rules_of


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


def test_an_envelope_that_is_missing_is_a_missing_field() -> None:
    sent: list[Sent] = [
        ({"note": {"text": "a"}}, 201, {}),
        ({"note": {"text": "b"}}, 201, {}),
        ({"note": {}}, 422, keyed(text="is required")),
    ]
    facts = learn_requests(observed(sent))["POST", "/things"]
    assert predict(facts, {}) == (422, keyed(note="is required"))


def test_a_limit_stays_with_its_field_and_resource() -> None:
    short: Sent = ({"name": "ab", "email": "a@b.c"}, 422, keyed(name="at least 3 characters"))
    updates: list[Sent] = [({"name": "Adele"}, 200, {}), ({"email": "n@app.test"}, 200, {})]
    others: list[Sent] = [({"name": "Basel", "zip": "4000"}, 201, {})] * 2
    facts = learn_requests(
        [
            *observed([*ACCEPTED, short]),
            *observed(updates, "PUT", "/things/{id}"),
            *observed(others, template="/towns"),
        ]
    )
    assert rules_of(facts["PUT", "/things/{id}"], "name")["min_length"].assumed
    assert not rules_of(facts["POST", "/towns"], "name")


def test_a_request_that_was_answered_otherwise_strikes_a_rule_out() -> None:
    logins: list[Sent] = [
        ({"name": "ada", "password": "long-enough"}, 200, {}),
        ({"name": "bob", "password": "long-enough"}, 200, {}),
        ({"name": "ada", "password": "short"}, 401, {"error": "wrong"}),
    ]
    changes: list[Sent] = [
        ({"password": "long-enough"}, 200, {}),
        ({"password": "abc"}, 422, keyed(password="at least 8 characters")),
    ]
    facts = learn_requests(
        [*observed(changes, "PUT", "/user"), *observed(logins, template="/user/login")]
    )
    assert "min_length" not in rules_of(facts["POST", "/user/login"], "password")


def test_unparsable_bodies_are_answered_alike() -> None:
    broken: list[Sent] = [(UNPARSABLE, 400, {"detail": "cannot parse"})]
    facts = learn_requests(
        [*observed([*ACCEPTED, *broken]), *observed(ACCEPTED, template="/people")]
    )
    other = facts["POST", "/people"]
    assert other.unparsable == facts["POST", "/things"].unparsable
    assert not other.unparsable_evidence
