from functools import partial
from typing import Any

import pytest

from harness.inference.lists.query import typed_param
from harness.inference.lists.siblings import carry_over
from harness.inference.model import Filter, Order
from tests.inference.notes_app import Note, Notes, Select


@pytest.fixture
def app() -> Notes:
    """Three people and eight notes of two of them."""
    notes = Notes()
    notes.join("ann", "bob", "cyd")
    for number in range(8):
        notes.write(
            "ann" if number % 3 else "bob",
            f"{'Tea' if number % 2 else 'Milk'} {number}",
            priority=(number * 5) % 7,
            public=number in {2, 5},
            tags=["a", "b"] if number % 4 == 1 else ["c"],
        )
    return notes


def owned_by(*names: str) -> Select:
    return lambda note: note["owner"] in names


def visible_to(who: str) -> Select:
    return lambda note: note["public"] or note["owner"] == who


def having(priority: int) -> Select:
    return lambda note: bool(note["priority"] == priority)


def starred_by(app: Notes, who: str) -> Select:
    return lambda note: (who, note["id"]) in app.stars


def dumped(parts: Any) -> Any:
    return [part.model_dump(exclude_defaults=True, exclude={"evidence"}) for part in parts]


OWNER_IS_ME = {
    "left": {"row": "row", "path": ["owner_id"]},
    "right": {"row": "me", "path": ["id"]},
}


class TestScope:
    def test_takes_all_rows_where_nothing_excludes_any(self, app: Notes) -> None:
        app.lists(app.newest(), who="ann")
        app.lists(app.newest(), who="bob")
        facts = app.learn()
        assert facts.query.scope == []
        assert (facts.exact, facts.total, facts.findings) == (2, 2, [])

    def test_finds_the_callers_own_rows(self, app: Notes) -> None:
        for who in ("ann", "bob", "cyd"):
            app.lists(app.newest(owned_by(who)), who=who)
        facts = app.learn()
        assert dumped(facts.query.scope) == [OWNER_IS_ME]
        assert facts.exact == 3

    def test_lets_an_administrator_see_everything(self, app: Notes) -> None:
        app.join("root", admin=True)
        app.lists(app.newest(owned_by("ann")), who="ann")
        app.lists(app.newest(), who="root")
        everything = {"left": {"row": "me", "path": ["admin"]}, "right": {"value": True}}
        assert dumped(app.learn().query.scope) == [{"of": [OWNER_IS_ME, everything]}]

    def test_joins_what_is_public_with_what_is_mine(self, app: Notes) -> None:
        for who in ("ann", "bob", "cyd"):
            app.lists(app.newest(visible_to(who)), who=who)
        public = {"left": {"row": "row", "path": ["public"]}, "right": {"value": True}}
        assert dumped(app.learn().query.scope) == [{"of": [OWNER_IS_ME, public]}]

    def test_finds_a_constant_column(self, app: Notes) -> None:
        app.lists(app.newest(lambda n: n["public"]))
        public = {"left": {"row": "row", "path": ["public"]}, "right": {"value": True}}
        assert dumped(app.learn().query.scope) == [public]

    def test_finds_rows_linked_to_the_caller(self, app: Notes) -> None:
        for note in app.notes[1:5]:
            app.star("cyd", note)
        app.unstar("cyd", app.notes[2])
        app.lists(app.newest(starred_by(app, "cyd")), who="cyd", template="/starred")
        app.lists([], who="ann", template="/starred")
        assert dumped(app.learn("/starred").query.scope) == [{"link": "star", "row": "row"}]

    def test_keeps_to_the_parent_in_the_path(self, app: Notes) -> None:
        first, second = app.notes[:2]
        for number in range(3):
            app.comment("cyd", first if number != 1 else second, f"Comment {number}")
        app.lists_comments(first)
        app.lists_comments(second)
        facts = app.learn("/notes/{id}/comments")
        assert dumped(facts.query.scope) == [
            {
                "left": {"row": "row", "path": ["note_id"]},
                "right": {"row": "note", "path": ["id"]},
            }
        ]
        assert facts.exact == 2

    def test_compares_a_column_with_a_path_value_that_is_no_row(self, app: Notes) -> None:
        for priority in (0, 3, 5):
            app.lists(
                app.newest(having(priority)),
                template="/by-priority/{level}",
                params={"level": str(priority)},
            )
        assert dumped(app.learn("/by-priority/{level}").query.scope) == [
            {"left": {"row": "row", "path": ["priority"]}, "right": {"name": "level"}}
        ]

    def test_follows_deletions(self, app: Notes) -> None:
        app.lists(app.newest())
        app.remove(app.notes[3])
        app.lists(app.newest())
        assert app.learn().exact == 2

    def test_says_when_the_rows_may_be_the_callers_own(self) -> None:
        app = Notes()
        app.join("ann")
        app.write("ann", "One")
        app.write("ann", "Two")
        app.lists(app.newest(), who="ann")
        facts = app.learn()
        assert facts.query.scope == []
        assert [(f.level, f.evidence) for f in facts.findings] == [("info", ["notes#4"])]

    def test_reports_answers_that_nothing_explains(self, app: Notes) -> None:
        app.lists(app.newest(), who="ann")
        app.lists(app.newest(), who="bob")
        app.lists([app.notes[0], app.notes[4]], who="cyd")
        facts = app.learn()
        assert (facts.exact, facts.total) == (2, 3)
        assert {finding.level for finding in facts.findings} == {"warning"}
        assert all("notes#14" in finding.evidence for finding in facts.findings)


class TestFilters:
    @pytest.mark.parametrize(
        ("param", "values", "select", "expected"),
        [
            (
                "priority",
                ["5", "3", "9"],
                lambda v, n: n["priority"] == int(v),
                Filter(param="priority", path=["priority"]),
            ),
            (
                "public",
                ["true", "false"],
                lambda v, n: n["public"] == (v == "true"),
                Filter(param="public", path=["public"]),
            ),
            (
                "owner",
                ["ann", "bob", "nobody"],
                lambda v, n: n["owner"] == v,
                Filter(param="owner", path=["owner_id", "username"]),
            ),
            (
                "tag",
                ["a", "c", "z"],
                lambda v, n: v in n["tags"],
                Filter(param="tag", op="contains", path=["tags"]),
            ),
            (
                "priority_gte",
                ["2", "4"],
                lambda v, n: n["priority"] >= int(v),
                Filter(param="priority_gte", op="gte", path=["priority"]),
            ),
            (
                "max_priority",
                ["2", "4"],
                lambda v, n: n["priority"] <= int(v),
                Filter(param="max_priority", op="lte", path=["priority"]),
            ),
            (
                "priority_ne",
                ["0", "3"],
                lambda v, n: n["priority"] != int(v),
                Filter(param="priority_ne", op="ne", path=["priority"]),
            ),
            (
                "title",
                ["milk", "tea 3"],
                lambda v, n: v in n["title"].lower(),
                Filter(param="title", op="like", path=["title"]),
            ),
            (
                "q",
                ["milk", "TEA"],
                lambda v, n: v.lower() in n["title"].lower(),
                Filter(param="q", op="search", paths=[["title"]]),
            ),
        ],
    )
    def test_finds_what_a_parameter_selects(
        self, app: Notes, param: str, values: list[str], select: Any, expected: Filter
    ) -> None:
        app.lists(app.newest())
        for value in values:
            app.lists(app.newest(partial(select, value)), f"{param}={value}")
        facts = app.learn()
        assert dumped(facts.query.filters) == dumped([expected])
        assert facts.exact == facts.total
        assert [each.name for each in facts.params] == [param]

    def test_finds_rows_that_somebody_is_linked_to(self, app: Notes) -> None:
        for note in app.notes[:3]:
            app.star("cyd", note)
        app.star("bob", app.notes[6])
        app.star("bob", app.notes[7])
        app.unstar("bob", app.notes[7])
        for who in ("cyd", "bob", "nobody"):
            app.lists(app.newest(starred_by(app, who)), f"starred={who}")
        assert dumped(app.learn().query.filters) == [
            {"param": "starred", "op": "linked", "path": ["username"], "link": "star"}
        ]

    def test_combines_filters(self, app: Notes) -> None:
        app.lists(app.newest(owned_by("ann")), "owner=ann")
        app.lists(app.newest(lambda n: "c" in n["tags"]), "tag=c")
        both = app.newest(lambda n: "c" in n["tags"] and n["owner"] == "ann")
        app.lists(both, "owner=ann&tag=c")
        assert app.learn().exact == 3

    def test_takes_several_values_of_one_parameter_as_alternatives(self, app: Notes) -> None:
        app.lists(app.oldest(lambda n: n["id"] == 2), "id=2")
        app.lists(app.oldest(lambda n: n["id"] in {1, 3}), "id=1&id=3")
        facts = app.learn()
        assert facts.exact == 2
        assert facts.params[0].type == "integer"

    def test_leaves_out_a_parameter_that_changes_nothing(self, app: Notes) -> None:
        app.lists(app.newest(), "verbose=1")
        app.lists(app.newest(), "verbose=0")
        facts = app.learn()
        assert (facts.query.filters, facts.params, facts.findings) == ([], [], [])

    def test_reports_a_parameter_that_nothing_explains(self, app: Notes) -> None:
        app.lists([app.notes[1], app.notes[6]], "mood=dark")
        app.lists([app.notes[0], app.notes[6]], "mood=bright")
        app.lists(app.oldest())
        facts = app.learn()
        assert facts.query.filters == []
        assert any("'mood'" in finding.detail for finding in facts.findings)

    @pytest.mark.parametrize("ignored", [True, False])
    def test_tells_whether_an_empty_value_filters(self, app: Notes, ignored: bool) -> None:
        app.lists(app.newest(owned_by("ann")), "owner=ann")
        app.lists(app.newest() if ignored else [], "owner=")
        facts = app.learn()
        assert facts.query.filters[0].ignore_empty is ignored
        assert facts.exact == 2


class TestOrder:
    @pytest.mark.parametrize(
        ("key", "falling", "expected"),
        [
            ("id", False, [Order(column="id")]),
            ("id", True, [Order(column="id", descending=True)]),
            ("title", False, [Order(column="title"), Order(column="id")]),
        ],
    )
    def test_finds_the_column(
        self, app: Notes, key: str, falling: bool, expected: list[Order]
    ) -> None:
        app.lists(sorted(app.notes, key=lambda n: n[key], reverse=falling))
        assert app.learn().query.order == expected

    def test_breaks_ties(self, app: Notes) -> None:
        app.edit(app.notes[4], priority=5)
        app.edit(app.notes[6], priority=5)
        app.lists(sorted(app.notes, key=lambda n: (n["priority"], -n["id"])))
        assert app.learn().query.order == [
            Order(column="priority"),
            Order(column="id", descending=True),
        ]

    def test_groups_rows_by_a_flag(self, app: Notes) -> None:
        app.lists(sorted(app.notes, key=lambda n: (not n["public"], n["title"])))
        assert app.learn().query.order == [
            Order(column="public", descending=True),
            Order(column="title"),
        ]

    def test_prefers_the_time_of_creation_where_keys_are_opaque(self) -> None:
        app = Notes(opaque=True)
        self._fill(app)
        app.lists(app.newest())
        assert app.learn().query.order == [Order(column="created_at", descending=True)]

    def test_falls_back_to_the_order_of_creation(self) -> None:
        app = Notes(opaque=True, stamped=False)
        notes = self._fill(app)
        app.lists(app.oldest())
        app.edit(notes[1], title="Changed")
        app.lists(app.oldest())
        assert app.learn().query.order == [Order(column="created")]

    def test_sees_that_a_write_moves_a_row_to_the_end(self) -> None:
        app = Notes(stamped=False)
        notes = self._fill(app)
        app.lists(app.oldest())
        app.edit(notes[1], title="Changed")
        app.lists([notes[0], *notes[2:], notes[1]])
        assert app.learn().query.order == [Order(column="touched")]

    def test_learns_nothing_from_answers_of_one_row(self, app: Notes) -> None:
        app.lists(app.newest(lambda n: n["id"] == 3), "id=3")
        assert app.learn().query.order == []

    def test_ranks_the_initial_state_by_what_lists_show(self) -> None:
        app = Notes(opaque=True, stamped=False)
        app.join("ann")
        for title in ("Fir", "Ash", "Elm", "Oak"):
            app.write("ann", title)
        app.observations = app.observations[:1]
        app.lists(app.notes[2:], "offset=2&limit=2")
        app.lists(app.notes[:3], "limit=3")
        app.write("ann", "Yew")
        app.lists(app.oldest())
        facts = app.learn()
        assert facts.query.order == [Order(column="created")]
        seeds = [row.first("title") for row in facts.seed_order]
        assert seeds == ["Fir", "Ash", "Elm", "Oak"]
        assert facts.exact == 3

    @staticmethod
    def _fill(app: Notes) -> list[Note]:
        app.join("ann")
        return [app.write("ann", title) for title in ("Fir", "Ash", "Elm", "Oak", "Yew")]


class TestSortParameter:
    def test_reads_a_leading_minus(self, app: Notes) -> None:
        app.lists(app.oldest())
        app.lists(sorted(app.notes, key=lambda n: n["title"]), "sort=title")
        app.lists(sorted(app.notes, key=lambda n: -n["priority"]), "sort=-priority")
        facts = app.learn()
        assert facts.query.sort is not None
        assert (facts.query.sort.param, facts.query.sort.direction_param) == ("sort", None)
        assert facts.query.sort.keys["createdAt"] == "created_at"
        assert facts.query.order == [Order(column="id")]
        assert facts.exact == 3

    def test_reads_a_parameter_for_the_direction(self, app: Notes) -> None:
        app.lists(sorted(app.notes, key=lambda n: n["title"]), "sort_by=title&order=asc")
        falling = sorted(app.notes, key=lambda n: n["title"], reverse=True)
        app.lists(falling, "sort_by=title&order=desc")
        facts = app.learn()
        assert facts.query.sort is not None
        assert facts.query.sort.direction_param == "order"
        assert [each.name for each in facts.params] == ["sort_by", "order"]
        assert facts.exact == 2

    def test_reads_several_columns(self, app: Notes) -> None:
        app.lists(app.oldest())
        by_both = sorted(app.notes, key=lambda n: (n["priority"], n["title"]))
        app.lists(by_both, "sort=priority,title")
        facts = app.learn()
        assert facts.query.sort is not None
        assert facts.query.sort.several
        assert facts.exact == 2

    def test_takes_no_parameter_that_does_not_sort(self, app: Notes) -> None:
        app.lists(app.oldest(), "sort=title")
        app.lists(app.oldest(), "sort=-priority")
        assert app.learn().query.sort is None


class TestPaging:
    def test_reads_limit_and_offset_with_a_total(self, app: Notes) -> None:
        rows, around = app.newest(), {"total": 8}
        app.lists(rows[:5], around=around)
        app.lists(rows[:3], "limit=3", around=around)
        app.lists(rows[2:5], "skip=2&limit=3", around=around)
        app.lists([], "skip=50", around=around)
        app.lists(rows[:6], "limit=100", around=around)
        facts = app.learn()
        assert facts.query.paging is not None
        assert facts.query.paging.model_dump(exclude={"evidence"}) == {
            "style": "offset",
            "limit_param": "limit",
            "offset_param": "skip",
            "default_limit": 5,
            "max_limit": 6,
            "first_page": 1,
        }
        assert facts.total_key_exprs[("total",)].fact == "total"
        assert facts.exact == 5

    @pytest.mark.parametrize("first", [0, 1])
    def test_reads_page_numbers_and_what_is_said_of_them(self, app: Notes, first: int) -> None:
        rows = app.oldest()
        for page in range(4):
            meta = {"page": page + first, "per_page": 3, "total": 8, "total_pages": 3}
            shown = rows[page * 3 : page * 3 + 3]
            around = {"meta": {**meta, "has_more": page < 2}}
            app.lists(shown, f"page={page + first}&per_page=3", around=around)
        facts = app.learn()
        assert facts.query.paging is not None
        assert (facts.query.paging.style, facts.query.paging.first_page) == ("page", first)
        assert {place[-1]: fact.fact for place, fact in facts.total_key_exprs.items()} == {
            "page": "page",
            "per_page": "limit",
            "total": "total",
            "total_pages": "pages",
            "has_more": "has_more",
        }
        assert facts.exact == 4

    def test_follows_cursors(self, app: Notes) -> None:
        rows = app.oldest()
        app.lists(rows[:3], "limit=3", around={"next_cursor": "b2Zmc2V0OjM"})
        app.lists(rows[3:6], "limit=3&cursor=b2Zmc2V0OjM", around={"next_cursor": "b2Zmc2V0OjY"})
        app.lists(rows[6:], "limit=3&cursor=b2Zmc2V0OjY", around={"next_cursor": None})
        facts = app.learn()
        assert facts.query.paging is not None
        assert facts.query.paging.offset_param == "cursor"
        assert facts.total_key_exprs[("next_cursor",)].fact == "next_cursor"
        assert facts.exact == 3

    def test_reads_the_default_page_from_what_is_said_of_it(self, app: Notes) -> None:
        rows = app.oldest()
        app.lists(rows, around={"size": 50, "total": 8})
        app.lists(rows[:2], "size=2", around={"size": 2, "total": 8})
        app.lists(rows, "size=900", around={"size": 100, "total": 8})
        paging = app.learn().query.paging
        assert paging is not None
        assert (paging.default_limit, paging.max_limit) == (50, 100)

    def test_reads_headers(self, app: Notes) -> None:
        rows = app.oldest()
        app.lists(rows)
        for page in (1, 2):
            link = '<http://notes.test/notes?page=1>; rel="first"'
            headers = {"x-total-count": "8", "link": link, "x-ratelimit-limit": "60"}
            shown = rows[page * 4 - 4 : page * 4]
            app.lists(shown, f"page={page}&limit=4", headers=headers)
        facts = app.learn()
        assert {name: expr.kind for name, expr in facts.headers.items()} == {
            "x-total-count": "page_info",
            "link": "page_info",
        }
        assert [each.asked_by for each in facts.headers.values()] == [["page"], ["page"]]
        assert facts.exact == 3

    def test_finds_a_limit_by_any_name(self, app: Notes) -> None:
        for number in (2, 4, 6):
            app.lists(app.newest()[:number], f"how_many={number}")
        facts = app.learn()
        assert facts.query.paging is not None
        assert facts.query.paging.limit_param == "how_many"

    def test_reports_a_second_way_of_paging(self, app: Notes) -> None:
        rows = app.oldest()
        app.lists(rows[:3], "page=1&limit=3")
        app.lists(rows[3:6], "page=2&limit=3")
        app.lists(rows[2:4], "start=2&limit=2")
        facts = app.learn()
        assert (facts.exact, facts.total) == (2, 3)
        assert any("'start'" in finding.detail for finding in facts.findings)


def test_learns_what_a_delete_of_all_rows_takes(app: Notes) -> None:
    taken = [app.shown(note) for note in app.notes]
    app.observe("DELETE", "/notes", taken)
    app.notes.clear()
    app.write("ann", "Afterwards")
    app.lists(app.oldest())
    facts = app.learn(method="DELETE")
    assert (facts.query.scope, facts.query.order) == ([], [Order(column="id")])
    assert facts.exact == 1
    assert app.learn().exact == 1


def test_carries_over_what_a_sibling_shows(app: Notes) -> None:
    rows = app.newest()
    app.lists(rows[:5], around={"total": 8})
    app.lists(rows[:2], "limit=2", around={"total": 8})
    app.lists(rows[6:7], "limit=1", template="/latest", around={"total": 1})
    lists = {("GET", path): app.learn(path) for path in ("/notes", "/latest")}
    latest = lists["GET", "/latest"]
    assert latest.query.order == []
    carry_over(lists)
    assert latest.query.order == lists["GET", "/notes"].query.order
    assert latest.query.paging is not None
    assert latest.query.paging.default_limit == 5
    assert latest.findings[-1].level == "info"


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "-20", ""], "integer"),
        (["1", "2.5"], "number"),
        (["true", "false"], "boolean"),
        (["0f8fad5b-d9cb-469f-a165-70867728950e"], "uuid"),
        (["1", "x"], "string"),
        ([""], "string"),
    ],
)
def test_types_a_parameter_by_its_values(values: list[str], kind: str) -> None:
    assert typed_param("p", values).type == kind
