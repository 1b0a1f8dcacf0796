import pytest

from harness.capture.explore.caution import care_for
from harness.capture.explore.page import Field, kind_of
from harness.capture.explore.values import Credentials, Values

VALUES = Values("us1234", Credentials("us1234", "us1234@example.com", "Pw-1234567"))


def field(**more: object) -> Field:
    plain = {"mark": 1, "tag": "input", "type": "text", "name": "", "label": "", "value": ""}
    limits = {"min": "", "max": "", "pattern": "", "shortest": 0, "longest": 0}
    return Field(**{**plain, **limits, "required": False, "options": [], **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "care"),
    [
        ("New post", "free"),
        ("Star", "free"),
        ("Payload", "free"),
        ("Edit", "own"),
        ("Delete", "own"),
        ("fa fa-trash", "own"),
        ("Log out", "last"),
        ("Sign out of all devices", "never"),
        ("Delete my account", "never"),
        ("Close account", "never"),
        ("Pay now", "never"),
        ("Proceed to checkout", "never"),
        ("Upgrade to premium", "never"),
        ("Ban", "never"),
    ],
)
def test_what_may_be_pressed(name: str, care: str) -> None:
    assert care_for(name) == care


@pytest.mark.parametrize(
    ("one", "valid"),
    [
        (field(name="title"), "us1234 0"),
        (field(name="title", longest=4), "us12"),
        (field(name="title", shortest=10), "us1234 0xx"),
        (field(label="E-mail"), "us1234@example.com"),
        (field(type="email"), "us1234@example.com"),
        (field(name="username"), "us1234"),
        (field(type="password"), "Pw-1234567"),
        (field(type="number", min="3"), "3"),
        (field(type="number"), "7"),
        (field(type="date"), "2031-05-17"),
        (field(name="code", pattern="[A-Z]{3}"), "ABC"),
        (field(tag="select", type="select-one", options=["a", "b"]), "b"),
    ],
)
def test_values_fit_the_field(one: Field, valid: str) -> None:
    assert VALUES.valid(one) == valid
    if not one.options and one.type != "date":
        assert VALUES.invalid(one) != valid


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://a.test/posts/12", "a.test/posts/{}?"),
        ("http://a.test/posts/a-first-post?page=2", "a.test/posts/{}?page"),
        ("http://a.test/#/post/7f3e9a10", "a.test/#/post/{}?"),
        ("http://a.test/#/", "a.test/?"),
        ("http://a.test/posts/new", "a.test/posts/new?"),
    ],
)
def test_addresses_of_a_kind(url: str, kind: str) -> None:
    assert kind_of(url) == kind
