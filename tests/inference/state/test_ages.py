from harness.inference.model import (
    ApiModel,
    Column,
    ColumnValue,
    Entity,
    Generated,
    Order,
    Query,
    SeedState,
    View,
    ViewField,
)
from harness.inference.state.ages import add_age_columns, age_rows
from harness.testing import operation


def model_with(
    order: list[Order], *columns: Column, shown: tuple[str, ...] = ("title",)
) -> ApiModel:
    query = Query(entity="note", order=order)
    fields = [ViewField(key=name, value=ColumnValue(row="row", path=[name])) for name in shown]
    return ApiModel(
        title="Test",
        entities=[
            Entity(
                name="note",
                plural="notes",
                columns=[
                    Column(name="id", type="uuid", generated=Generated(by="uuid")),
                    Column(name="title", type="string"),
                    *columns,
                ],
            )
        ],
        views=[View(name="Note", entity="note", fields=fields)],
        operations=[
            operation("list_notes", "GET", "/notes", "notes", "list", query=query.model_dump())
        ],
    )


def order_of(model: ApiModel) -> list[Order]:
    query = model.operation("list_notes").query
    assert query is not None
    return query.order


def test_adds_one_hidden_column_for_each_kind_of_age() -> None:
    model = model_with([Order(column="touched"), Order(column="created", descending=True)])
    add_age_columns(model)
    add_age_columns(model)
    assert order_of(model) == [
        Order(column="touched_at"),
        Order(column="inserted_at", descending=True),
    ]
    added = model.entity("note").columns[2:]
    assert [(c.name, c.generated and c.generated.by) for c in added] == [
        ("touched_at", "touched"),
        ("inserted_at", "now"),
    ]


def test_leaves_other_orders_alone() -> None:
    model = model_with([Order(column="title")])
    add_age_columns(model)
    assert order_of(model) == [Order(column="title")]
    assert len(model.entity("note").columns) == 2


def test_keeps_a_visible_column_of_the_same_name_apart() -> None:
    stamp = Column(name="inserted_at", type="datetime", generated=Generated(by="now"))
    model = model_with([Order(column="created")], stamp, shown=("title", "inserted_at"))
    add_age_columns(model)
    assert order_of(model) == [Order(column="stored_at")]
    rows = [{"inserted_at": "2024-05-05T00:00:00Z"}]
    state = SeedState(recording="rec", tables={"note": rows})
    age_rows(model, state)
    assert state.tables["note"][0] == {
        "inserted_at": "2024-05-05T00:00:00Z",
        "stored_at": "2020-01-01T00:00:00.000000Z",
    }


def test_ages_the_initial_state_as_lists_show_it() -> None:
    for falling in (False, True):
        model = model_with([Order(column="created", descending=falling)])
        add_age_columns(model)
        state = SeedState(recording="rec", tables={"note": [{"title": "a"}, {"title": "b"}]})
        age_rows(model, state)
        first, second = (row["inserted_at"] for row in state.tables["note"])
        assert (first > second) is falling
