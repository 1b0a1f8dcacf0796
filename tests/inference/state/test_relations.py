"""Relations by elimination; above all of rows that were there before the recording began."""

from collections.abc import Iterator

from harness.inference.state.keys import ForeignKeys
from harness.inference.state.relations import Relation, Relations, Sample, Verdict
from harness.inference.state.world import World
from tests.inference.factories import Tape, world_of

PATHS = [
    "/members",
    "/login",
    "/me",
    "/books",
    "/books/{slug}",
    "/books/{slug}/star",
    "/books/{slug}/reviews",
]
TOKENS = {"ada": "a" * 32, "bob": "b" * 32}


def a_book(slug: str, stars: int, *, starred: bool, **more: object) -> dict[str, object]:
    return {"slug": slug, "title": slug.upper(), "stars": stars, "starred": starred, **more}


def member(name: str) -> dict[str, object]:
    return {"id": 1 + [*TOKENS].index(name), "name": name, "email": f"{name}@library.test"}


def joined(tape: Tape) -> Tape:
    for name, token in TOKENS.items():
        tape.add("POST /members", 201, member(name), body={**member(name), "password": "secret"})
        body = {"email": f"{name}@library.test", "password": "secret"}
        tape.add("POST /login", 200, {"token": token, "member": member(name)}, body=body)
    return tape


def returned(tape: Tape) -> Tape:
    """Sessions that were open before the tape began."""
    for name, token in TOKENS.items():
        tape.add("GET /me", 200, member(name), token=token)
    return tape


def relation(world: World, kind: str) -> Relation:
    book = next(each for each in world.drafts if each.name == "book")
    return next(x for x in Relations(world, ForeignKeys(world)).of(book) if x.expr.kind == kind)


def samples(world: World) -> Iterator[Sample]:
    for each in world.observations:
        for _, value, row in world.shown[each.index]:
            if row.draft.name == "book":
                yield Sample(each, value, row, world.caller(each))


def judged(tape: Tape, kind: str, key: str) -> Verdict:
    world = world_of(tape, paths=PATHS)
    return relation(world, kind).judge(list(samples(world)), key)


def made(tape: Tape) -> Tape:
    answer = a_book("new", 0, starred=False)
    tape.add("POST /books", 201, answer, body={"title": "NEW"}, token=TOKENS["ada"])
    return tape


def star(tape: Tape, slug: str, name: str, stars: int, *, on: bool = True) -> None:
    line = f"{'PUT' if on else 'DELETE'} /books/{slug}/star"
    tape.add(line, 200, a_book(slug, stars, starred=on), token=TOKENS[name])


def test_a_count_that_follows_every_switch_tells() -> None:
    tape = made(joined(Tape()))
    star(tape, "new", "ada", 1)
    star(tape, "new", "bob", 2)
    star(tape, "new", "ada", 1, on=False)
    assert judged(tape, "link_count", "stars") == Verdict(telling=True)
    assert judged(tape, "linked", "starred") == Verdict(telling=True)


def test_a_count_that_is_off_by_one_is_struck_out() -> None:
    tape = made(joined(Tape()))
    star(tape, "new", "ada", 2)
    star(tape, "new", "ada", 0, on=False)
    verdict = judged(tape, "link_count", "stars")
    assert verdict.against is not None
    assert verdict.against.value["stars"] == 2


def test_a_flag_of_somebody_else_is_struck_out() -> None:
    tape = made(joined(Tape()))
    star(tape, "new", "ada", 1)
    star(tape, "new", "ada", 0, on=False)
    star(tape, "new", "ada", 1)
    tape.add("GET /books/new", 200, a_book("new", 1, starred=True), token=TOKENS["bob"])
    assert judged(tape, "linked", "starred").against is not None


def test_links_from_before_the_recording_are_counted_along() -> None:
    tape = returned(Tape())
    tape.add("GET /books/old", 200, a_book("old", 40, starred=True), token=TOKENS["ada"])
    star(tape, "old", "bob", 41)
    star(tape, "old", "bob", 40, on=False)
    assert judged(tape, "link_count", "stars") == Verdict(telling=True)
    assert judged(tape, "linked", "starred").against is None


def test_who_was_counted_from_the_start_may_leave() -> None:
    tape = returned(Tape())
    tape.add("GET /books/old", 200, a_book("old", 40, starred=True), token=TOKENS["ada"])
    star(tape, "old", "ada", 39, on=False)
    star(tape, "old", "ada", 40)
    assert judged(tape, "link_count", "stars").against is None


def test_a_number_that_never_moves_is_no_evidence_of_a_count() -> None:
    tape = returned(Tape())
    star(tape, "other", "ada", 5, on=False)
    star(tape, "other", "ada", 5)
    tape.add("GET /books/old", 200, a_book("old", 7, starred=False), token=TOKENS["bob"])
    verdict = judged(tape, "link_count", "stars")
    assert verdict.against is None or not verdict.telling


def test_children_are_counted_over_their_deaths() -> None:
    tape = made(joined(Tape()))
    for number in (1, 2):
        review = {"id": number, "text": "Lovely"}
        body = {"text": "Lovely"}
        tape.add("POST /books/new/reviews", 201, review, body=body, token=TOKENS["bob"])
        tape.add("GET /books/new", 200, a_book("new", number, starred=False))
    assert judged(tape, "child_count", "stars") == Verdict(telling=True)
