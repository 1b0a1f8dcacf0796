"""Two days at the library, recorded: the first begins with its head alone, the second goes on."""

import re
from functools import cache
from typing import Any

from harness.inference.model import ApiModel
from tests.inference.factories import Tape, model_of
from tests.inference.lending import Json, Library

HEAD = {
    "id": 1,
    "name": "bob",
    "email": "bob@library.test",
    "bio": "Keeps the keys",
    "admin": True,
    "password": "secret-0",
}
QUERIES = (
    "",
    "?offset=3",
    "?limit=2",
    "?limit=2&offset=1",
    "?owner=ada",
    "?owner=bob",
    "?genre=water",
    "?genre=essays",
    "?genre=none",
    "?owner=ada&genre=crime",
)


def join(library: Library, name: str, **more: Any) -> str:
    """Register a member and log in; return the token."""
    email = f"{name}@library.test"
    library.ask("POST /api/members", {"name": name, "email": email, "password": "secret-1", **more})
    return str(library.ask("POST /api/login", {"email": email, "password": "secret-1"})["token"])


def book(title: str, **more: Any) -> Json:
    return {"title": title, "summary": f"About {title}.", "pages": 100 + len(title), **more}


def _members(library: Library) -> tuple[str, str, str]:
    ada = join(library, "ada", bio="Reads on trains")
    body = {"email": "bob@library.test", "password": "secret-0"}
    bob = str(library.ask("POST /api/login", body)["token"])
    cyd = join(library, "cyd", bio="")
    library.ask("POST /api/members", {"name": "dan", "email": "Dan@Library.test", "password": "p"})
    library.ask("POST /api/members", {"name": "ada2", "email": "ada@library.test", "password": "p"})
    library.ask("POST /api/members", {"name": "eve"})
    library.ask("POST /api/members", {"email": "eve@library.test"})
    library.ask("POST /api/login", {"email": "ada@library.test", "password": "wrong"})
    library.ask("POST /api/login", {"email": "who@library.test", "password": "secret-1"})
    for token in (ada, bob, cyd, None, "f" * 32):
        library.ask("GET /api/me", token=token)
    library.ask("PATCH /api/me", {"bio": ""}, ada)
    library.ask("PATCH /api/me", {"bio": "Reads at sea"}, ada)
    library.ask("GET /api/me", token=ada)
    return ada, bob, cyd


def _books(library: Library, ada: str, bob: str, cyd: str) -> None:
    library.ask("GET /api/books")
    for title, genres, token in (
        ("Slow Rivers", ["water", "essays"], ada),
        ("Slow Rivers", ["water"], bob),
        ("The Glass Orchard", [], bob),
        ("Night Ferry", ["water", "crime", "crime"], ada),
        ("Salt & Stone", ["essays"], cyd),
    ):
        library.ask("POST /api/books", book(title, genres=genres), token)
    library.ask("POST /api/books", {"title": "No Pages", "summary": "Short."}, cyd)
    library.ask("POST /api/books", book("Refused"))
    library.ask("POST /api/books", book("Refused"), "0" * 32)
    library.ask("POST /api/books", {"title": "Refused"}, ada)
    library.ask("POST /api/books", {"summary": "Refused"}, ada)
    library.ask("POST /api/books", {"title": "", "summary": "Refused"}, ada)
    library.ask("GET /api/genres")
    for query in QUERIES:
        library.ask(f"GET /api/books{query}")
    for slug in ("slow-rivers", "night-ferry", "no-such-book", "salt-stone", "no-pages"):
        library.ask(f"GET /api/books/{slug}")
    library.ask("GET /api/books/night-ferry", token=bob)
    library.ask("PATCH /api/books/slow-rivers", {"summary": "All about rivers."}, ada)
    library.ask("PATCH /api/books/night-ferry", {"title": "Night Ferries"}, ada)
    library.ask("PATCH /api/books/night-ferry", {"pages": 7}, bob)
    library.ask("PATCH /api/books/slow-rivers", {"pages": 8}, cyd)
    library.ask("PATCH /api/books/no-such-book", {"pages": 8}, cyd)
    library.ask("PATCH /api/books/slow-rivers", {"pages": 9})
    library.ask("GET /api/books/night-ferry")


def _stars_and_reviews(library: Library, ada: str, bob: str, cyd: str) -> None:
    for token in (ada, bob, cyd, ada):
        library.ask("PUT /api/books/slow-rivers/star", token=token)
    library.ask("PUT /api/books/night-ferry/star", token=bob)
    library.ask("PUT /api/books/no-such-book/star", token=bob)
    library.ask("PUT /api/books/night-ferry/star")
    for token in (ada, None):
        library.ask("GET /api/books/slow-rivers", token=token)
    library.ask("GET /api/books/night-ferry", token=ada)
    library.ask("GET /api/books?genre=water", token=ada)
    library.ask("DELETE /api/books/slow-rivers/star", token=cyd)
    library.ask("DELETE /api/books/slow-rivers/star", token=cyd)
    library.ask("DELETE /api/books/slow-rivers/star")
    library.ask("GET /api/books/slow-rivers", token=cyd)
    for slug, text, token in (
        ("slow-rivers", "Lovely", bob),
        ("slow-rivers", "Too long", cyd),
        ("night-ferry", "Gripping", cyd),
        ("night-ferry", "Again", bob),
    ):
        library.ask(f"POST /api/books/{slug}/reviews", {"text": text, "rating": len(text)}, token)
    library.ask("POST /api/books/slow-rivers/reviews", {"text": "Fine"}, ada)
    library.ask("POST /api/books/no-such-book/reviews", {"text": "Fine"}, ada)
    library.ask("POST /api/books/slow-rivers/reviews", {"text": "Fine"})
    library.ask("GET /api/books/slow-rivers/reviews")
    library.ask("GET /api/books/night-ferry/reviews")
    library.ask("GET /api/books/no-such-book/reviews")
    library.ask("GET /api/books/slow-rivers")
    library.ask("DELETE /api/books/slow-rivers/reviews/1", token=ada)
    library.ask("DELETE /api/books/slow-rivers/reviews/3", token=cyd)
    library.ask("DELETE /api/books/slow-rivers/reviews/99", token=ada)
    library.ask("DELETE /api/books/slow-rivers/reviews/2", token=cyd)
    library.ask("GET /api/books/slow-rivers/reviews")
    library.ask("GET /api/books/slow-rivers")


def _endings(library: Library, ada: str, bob: str, cyd: str) -> None:
    library.ask("DELETE /api/books/salt-stone", token=ada)
    library.ask("DELETE /api/books/salt-stone")
    library.ask("DELETE /api/books/no-such-book", token=ada)
    library.ask("DELETE /api/books/salt-stone", token=cyd)
    library.ask("GET /api/books/salt-stone")
    library.ask("DELETE /api/books/night-ferry", token=bob)
    library.ask("GET /api/books/night-ferry/reviews")
    library.ask("GET /api/books?limit=9")


def _loans_and_shelves(library: Library, ada: str, bob: str, cyd: str) -> None:
    for note, token in (("for the train", ada), ("a gift", bob), ("long", ada)):
        library.ask("POST /api/loans", {"note": note}, token)
    library.ask("POST /api/loans", {}, cyd)
    library.ask("POST /api/loans", {"note": "no"})
    for token in (ada, bob, None):
        library.ask("GET /api/loans", token=token)
    library.ask("POST /api/loans/1/return", token=ada)
    library.ask("POST /api/loans/2/return", token=bob)
    library.ask("POST /api/loans/77/return", token=bob)
    library.ask("GET /api/loans", token=ada)
    first = library.ask("POST /api/shelves", {"label": "A", "floor": 1, "note": "dusty"}, bob)["id"]
    second = library.ask("POST /api/shelves", {"label": "B", "floor": 2}, bob)["id"]
    library.ask("POST /api/shelves", {"label": "C"}, ada)
    library.ask("POST /api/shelves", {"label": "A"}, ada)
    library.ask("POST /api/shelves", {"label": "A"}, bob)
    library.ask("POST /api/shelves", {"label": "D"})
    library.ask(f"PUT /api/shelves/{first}", {"label": "A"}, bob)
    library.ask(f"GET /api/shelves/{first}")
    library.ask(f"PUT /api/shelves/{second}", {"label": "B2", "note": "new"}, bob)
    library.ask(f"PUT /api/shelves/{second}", {"label": "A"}, bob)
    library.ask(f"PUT /api/shelves/{second}", {"label": "A"}, ada)
    library.ask(f"PUT /api/shelves/{second}", {"label": "Z"}, ada)
    library.ask(f"GET /api/shelves/{second}")
    library.ask("GET /api/shelves/00000000-0000-4000-8000-00000000ffff")
    library.ask("GET /api/shelves")


def _strays(library: Library, cyd: str) -> None:
    library.ask("GET /api/nothing")
    library.ask("GET /api/nothing/here")
    library.ask("DELETE /api/books")
    library.ask("PUT /api/books/slow-rivers")
    library.ask("POST /api/logout", token=cyd)
    library.ask("POST /api/logout")
    library.ask("GET /api/me", token=cyd)


def recorded() -> tuple[Tape, Tape]:
    """A first day, at whose start there is only bob, and a second day that goes on from there."""
    library = Library(Tape("monday"), members={1: dict(HEAD)})
    monday = library.tape
    ada, bob, cyd = _members(library)
    _books(library, ada, bob, cyd)
    _stars_and_reviews(library, ada, bob, cyd)
    _endings(library, ada, bob, cyd)
    _loans_and_shelves(library, ada, bob, cyd)
    _strays(library, cyd)
    tuesday = library.rewind("tuesday").tape
    library.ask("GET /api/me", token=ada)
    library.ask("GET /api/books", token=ada)
    library.ask("GET /api/books/slow-rivers", token=ada)
    library.ask("GET /api/books/slow-rivers/reviews")
    library.ask("POST /api/login", {"email": "dan@library.test", "password": "p"})
    library.ask("GET /api/shelves")
    library.ask("POST /api/loans", {"note": "again"}, ada)
    library.ask("GET /api/loans", token=ada)
    library.ask("GET /api/genres")
    return monday, tuesday


def exchanges(line: str, status: int) -> list[str]:
    """The first day's exchanges of a method and path (a regular expression) with a status."""
    monday, _ = recorded()
    return [
        f"monday#{each.seq}"
        for each in monday
        if each.response is not None
        and each.response.status == status
        and re.fullmatch(line, f"{each.request.method} {each.request.path}")
    ]


@cache
def library_model() -> ApiModel:
    """What is inferred from both days; made once, not to be changed."""
    return model_of(*recorded())
