from tests.inference.lending_days import library_model


def test_names_that_a_person_would_choose() -> None:
    names = {f"{each.method} {each.path}": each.id for each in library_model().operations}
    assert names["GET /api/books"] == "list_books"
    assert names["POST /api/books"] == "create_book"
    assert names["PATCH /api/me"] == "update_current_member"
    assert names["GET /api/me"] == "get_current_member"
    assert names["PUT /api/books/{slug}/star"] == "star_book"
    assert names["DELETE /api/books/{slug}/star"] == "unstar_book"
    assert names["POST /api/loans/{id}/return"] == "return_loan"
    assert names["PUT /api/shelves/{id}"] == "replace_shelf"
    assert len(set(names.values())) == len(names)


def test_operations_are_grouped_by_resource() -> None:
    resources = {f"{each.method} {each.path}": each.resource for each in library_model().operations}
    assert resources["POST /api/books/{slug}/reviews"] == "reviews"
    assert resources["PUT /api/books/{slug}/star"] == "books"
    assert resources["POST /api/login"] == "members"
    assert resources["GET /api/genres"] == "genres"
