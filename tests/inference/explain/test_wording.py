import pytest

from harness.inference.explain.wording import (
    answer_words,
    column_words,
    condition_words,
    effect_words,
    filter_words,
    input_words,
    lookup_words,
    outline,
    predicate_words,
    query_words,
    rule_words,
    value_words,
)
from harness.inference.model import (
    AllOf,
    AnyOf,
    ArrayOf,
    BadParam,
    BodyValue,
    ChildCount,
    Column,
    ColumnValue,
    Compare,
    Const,
    Delete,
    DeleteMatching,
    EndSession,
    Expr,
    Filter,
    Generated,
    InputField,
    InputValue,
    Insert,
    LinkCount,
    Linked,
    Lookup,
    Not,
    Now,
    ObjectOf,
    Order,
    PageInfo,
    Paging,
    PathValue,
    Query,
    QueryValue,
    Render,
    RenderChildren,
    RenderItems,
    RequestLine,
    ResponseTemplate,
    Rule,
    SetLink,
    SortParam,
    Template,
    Token,
    Update,
    WrongPassword,
)
from harness.testing import operation

OWN = Compare(
    left=ColumnValue(row="book", path=["owner_id"]), right=ColumnValue(row="me", path=["id"])
)
ADMIN = Compare(left=ColumnValue(row="me", path=["admin"]), right=Const(value=True))


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        (Const(value=None), "always null"),
        (ColumnValue(row="row", path=["owner_id", "name"]), "the row's owner_id.name"),
        (InputValue(name="title"), "the request's field title"),
        (BodyValue(), "the request's body"),
        (PathValue(name="slug"), "the path's slug"),
        (QueryValue(name="page"), "the query parameter page"),
        (RequestLine(part="method"), "the request's method"),
        (Now(), "the time of the request"),
        (Token(row="me"), "a token of the caller"),
        (
            Template(text="/books/{s}", values={"s": PathValue(name="slug")}),
            'the text "/books/{s}"; s: the path\'s slug',
        ),
        (Render(row="created", view="Book"), "the new row as Book"),
        (Render(row="row", path=["owner_id"], view="Owner"), "the row's owner_id as Owner"),
        (RenderItems(view="Book"), "the listed rows, each as Book"),
        (RenderItems(column="name"), "their names"),
        (
            RenderChildren(row="row", entity="review", column="book_id", view="Review"),
            "the rows of review that point to the row by book_id, oldest first, each as Review",
        ),
        (Linked(link="star", row="row"), "whether the caller is linked to the row by star"),
        (LinkCount(link="star", row="row"), "how many users are linked to the row by star"),
        (
            ChildCount(entity="review", column="book_id", row="row"),
            "how many rows of review point to the row by book_id",
        ),
        (PageInfo(fact="total"), "how many rows match in all"),
        (ArrayOf(items=[Const(value=1), Now()]), "[1, <the time of the request>]"),
    ],
)
def test_expressions(expr: Expr, words: str) -> None:
    assert value_words(expr) == words


def test_outlines_are_json_with_holes() -> None:
    body = ObjectOf(fields={"book": Render(row="book", view="Book"), "at": Const(value=[1])})
    assert outline(body) == '{"book": <the book as Book>, "at": [1]}'
    assert len(outline(Const(value="x" * 900))) < 300


def test_answers() -> None:
    assert answer_words(ResponseTemplate(status=204)) == "204 with an empty body"
    headers: dict[str, Expr] = {"Location": Const(value="/books")}
    response = ResponseTemplate(status=201, body=Const(value={}), headers=headers)
    assert answer_words(response) == '201 {}; Location: "/books"'


def test_predicates_are_negated_into_their_parts() -> None:
    either = AnyOf(of=[OWN, ADMIN])
    assert predicate_words(either) == (
        "the book's owner_id is the caller's id or the caller's admin is true"
    )
    assert predicate_words(Not(of=either)) == (
        "the book's owner_id is not the caller's id and the caller's admin is not true"
    )
    assert predicate_words(Not(of=AllOf(of=[OWN, ADMIN]))).count(" or ") == 1
    assert predicate_words(Not(of=Not(of=OWN))) == predicate_words(OWN)
    star = Linked(link="star", row="book", path=["owner_id"])
    assert predicate_words(Not(of=star)) == (
        "the caller is not linked to the book's owner_id by star"
    )


def test_lookups_within_their_parent() -> None:
    lookup = Lookup(
        name="review",
        entity="review",
        column="id",
        value=PathValue(name="id"),
        within={"book_id": "book"},
    )
    assert lookup_words(lookup) == "review whose id is the path's id, its book_id being the book"
    only = Lookup(name="setting", entity="setting", column=None, value=None)
    assert lookup_words(only) == "the only setting"


def test_conditions() -> None:
    params = [{"name": "id", "type": "integer", "required": True}]
    read = operation("get_loan", "GET", "/loans/{id}", "loans", "read", path_params=params)
    bad = BadParam(place="path", name="id")
    assert condition_words(bad, read) == "the path parameter id is not of type integer"
    wrong = WrongPassword(input="password", row="me")
    assert condition_words(wrong, read) == "password is not the password of the caller"


def test_rules() -> None:
    body = Const(value={})
    assert rule_words(Rule(kind="max_length", limit=9, body=body), "title") == (
        "title is longer than 9"
    )
    assert rule_words(Rule(kind="not_null", body=body), "title") == "title is null"


def test_effects() -> None:
    insert = Insert(
        entity="loan",
        values={
            "note": InputValue(name="note"),
            "due_at": InputValue(name="dueAt"),
            "member_id": ColumnValue(row="me", path=["id"]),
            "returned": Const(value=False),
        },
    )
    assert effect_words(insert) == (
        "inserts a row of loan, with note and due_at (from dueAt) as sent, "
        "member_id as the caller's id, returned always false"
    )
    update = Update(row="loan", inputs={"note": "note"}, replace=True)
    assert effect_words(update) == (
        "changes the loan, with note as sent; fields not sent fall back to their defaults"
    )
    assert effect_words(Delete(row="loan")) == "deletes the loan"
    assert effect_words(DeleteMatching()) == "deletes every listed row"
    assert effect_words(EndSession()) == "ends the session of the request's token"
    off = SetLink(link="star", row="book", on=False)
    assert effect_words(off) == "ends the caller's link to the book by star"


def test_filters() -> None:
    assert filter_words(Filter(param="year", op="gte", path=["year"])) == (
        "?year= keeps rows whose year is at least the value"
    )
    assert filter_words(Filter(param="q", op="search", paths=[["title"], ["note"]])) == (
        "?q= keeps rows with the text in title and note"
    )
    linked = Filter(param="fan", op="linked", link="star", path=["name"])
    assert filter_words(linked) == "?fan= keeps rows linked by star to the user with that name"


def test_queries() -> None:
    query = Query(
        entity="book",
        scope=[OWN],
        order=[Order(column="created_at", descending=True), Order(column="id")],
        sort=SortParam(param="sort", keys={"title": "title"}),
        paging=Paging(limit_param="limit", offset_param="offset", default_limit=20, max_limit=50),
    )
    assert query_words(query) == [
        "lists rows of book for which the book's owner_id is the caller's id",
        "orders them by created_at, descending and id",
        "?sort= sorts by one of title",
        "cuts pages by ?limit= and ?offset=; a page has 20 rows unless told, 50 at most",
    ]


def test_columns() -> None:
    key = Column(name="book_id", type="integer", references="book", on_delete="set_null")
    assert column_words(key) == [
        "stored as integer, never null",
        "points to a row of book; when that is deleted, rows here stay, with null here",
    ]
    code = Column(
        name="code", type="string", unique=True, generated=Generated(by="random", length=8)
    )
    assert column_words(code)[-1] == "set by the server: 8 new random characters"
    state = Column(name="state", type="string", enum=["in", "out"], default="in", nullable=True)
    assert column_words(state) == [
        "stored as string, may be null, one of in, out",
        '"in" where a new row is given none',
    ]
    assert "kept secret, never shown" in column_words(
        Column(name="password", type="string", secret=True)
    )


def test_inputs() -> None:
    field = InputField(name="bio", type="string", nullable=True, normalize=["blank_to_null"])
    assert input_words(field) == "bio: string or null; a blank value becomes null"
