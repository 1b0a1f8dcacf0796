import pytest

from harness.inference import naming


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("favoritesCount", "favorites_count"),
        ("shelf-number", "shelf_number"),
        ("ISBN", "isbn"),
        ("2ndEdition", "n2nd_edition"),
        ("@type", "type"),
        ("***", "value"),
    ],
)
def test_snake_case_of_keys(key: str, name: str) -> None:
    assert naming.snake(key) == name


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("books", "book"),
        ("shelves", "shelf"),
        ("libraryCategories", "library_category"),
        ("news", "news"),
        ("people", "person"),
        ("", ""),
    ],
)
def test_singulars(many: str, one: str) -> None:
    assert naming.singular(many) == one


@pytest.mark.parametrize(
    ("one", "many"), [("shelf", "shelves"), ("series", "series"), ("book", "books")]
)
def test_plurals(one: str, many: str) -> None:
    assert naming.plural(one) == many


def test_class_names() -> None:
    assert naming.pascal("book_review") == "BookReview"
    assert naming.pascal("lastSeen") == "LastSeen"


def test_literals_are_the_segments_that_stay_the_same() -> None:
    assert naming.literals("/api/books/{slug}/reviews/") == ["api", "books", "reviews"]
