import pytest

from harness.verify.values import id_owner, is_id_key, kind, noun, same_format, suffix_only


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5deebf8e-39b8-487d-857d-1df2d2b300f7", "uuid"),
        ("1912976055887463431", "digits"),
        ("507f1f77bcf86cd799439011", "hex"),
        ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "ulid"),
        ("V1StGXR8_Z5jdHi6B-myT", "random"),
        ("aKdJfQxWpZ", "random"),
        ("published", None),
        ("lagoon-blue", None),
        ("defaultHomeView", None),
        ("__DirectiveLocation", None),
        ("HTTPSConnectionURL", None),
        ("E_MISSING_OR_INVALID_PARAMS", None),
        ("user1234", None),
        ("application/json", None),
        ("0000000000000000000000", "digits"),
        ("A" * 500, None),
        ("20", None),
        ("", None),
    ],
)
def test_what_looks_generated(text: str, expected: str | None) -> None:
    assert kind(text) == expected


def test_random_texts_share_length_and_alphabet() -> None:
    assert same_format("a8Kd93jf0Q", "Zk20fLq8sB")
    assert not same_format("a8Kd93jf0Q", "a8Kd93jf0QQ")
    assert not same_format("a8kd93jf0qa8kd93jf0q", "A8KD93JF0QA8KD93JF0Q")
    assert not same_format("507f1f77bcf86cd799439011", "507f1f77bcf86cd7")


def test_uuid_versions_are_told_apart() -> None:
    four, seven = "5deebf8e-39b8-487d-857d-1df2d2b300f7", "0190b3c4-39b8-787d-857d-1df2d2b300f7"
    assert not same_format(four, seven)


def test_only_the_ending_of_a_slug_may_differ() -> None:
    assert suffix_only("a-title-8aea82fd", "a-title-95d84733") == ("8aea82fd", "95d84733")
    assert suffix_only("a-title-8aea82fd", "b-title-8aea82fd") is None
    assert suffix_only("a-title-8aea82fd", "a-title-8aea") is None
    assert suffix_only("a-title-2", "a-title-3") is None


@pytest.mark.parametrize(
    ("key", "owner"),
    [
        ("id", ""), ("_id", ""), ("userId", "user"), ("user_id", "user"),
        ("blogPostIds", "blog_post"), ("categoryID", "category"),
    ],
)  # fmt: skip
def test_the_owner_of_an_id(key: str, owner: str) -> None:
    assert id_owner(key) == owner


@pytest.mark.parametrize("key", ["paid", "grid", "width", "identity", "valid", "count"])
def test_words_that_end_in_id_are_no_ids(key: str) -> None:
    assert not is_id_key(key)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("notes", "note"), ("blogPosts", "blog_post"), ("blog-posts", "blog_post"),
        ("categories", "category"), ("boxes", "box"), ("status", "status"), ("news", "new"),
        ("address", "address"),
    ],
)  # fmt: skip
def test_nouns_agree_in_number_and_case(name: str, expected: str) -> None:
    assert noun(name) == expected
