"""A lending library: an invented application that answers honestly while it is recorded."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from tests.inference.factories import CLOCK, Tape

Json = dict[str, Any]
Answer = tuple[int, Any]


def refusal(status: int, code: str, **more: Any) -> "Refusal":
    return Refusal(status, {"error": {"code": code, **more}})


class Refusal(Exception):  # noqa: N818 - an answer of the application
    def __init__(self, status: int, answer: Json) -> None:
        self.status, self.answer = status, answer


@dataclass
class Library:
    """Members, books with stars and reviews, shelves, loans. Each `ask` is put on the tape."""

    tape: Tape
    members: dict[int, Json] = field(default_factory=dict)
    books: dict[str, Json] = field(default_factory=dict)
    reviews: dict[int, Json] = field(default_factory=dict)
    loans: dict[int, Json] = field(default_factory=dict)
    shelves: dict[str, Json] = field(default_factory=dict)
    stars: set[tuple[int, str]] = field(default_factory=set)
    genres: dict[str, None] = field(default_factory=dict)
    tokens: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def ask(self, line: str, body: Any = None, token: str | None = None) -> Any:
        """Answer a request, record both, and return the answer's body."""
        method, target = line.split(" ", 1)
        path, _, query = target.partition("?")
        params = dict(pair.split("=") for pair in query.split("&")) if query else {}
        try:
            status, answer = self._route(method, path, params, body, token)
        except Refusal as refused:
            status, answer = refused.status, refused.answer
        self.tape.add(line, status, answer, body=body, token=token)
        return answer

    def rewind(self, name: str) -> "Library":
        """Go on with the same state on a new tape."""
        self.tape = Tape(name)
        return self

    # ------------------------------------------------------------------ routing

    def _route(self, method: str, path: str, params: Json, body: Any, token: str | None) -> Answer:
        routes: list[tuple[str, dict[str, Callable[..., Answer]]]] = [
            ("/api/members", {"POST": self._register}),
            ("/api/login", {"POST": self._login}),
            ("/api/logout", {"POST": self._logout}),
            ("/api/me", {"GET": self._me, "PATCH": self._change_me}),
            ("/api/genres", {"GET": self._genres}),
            ("/api/books", {"GET": self._books, "POST": self._add_book}),
            ("/api/books/([^/]+)", {"GET": self._book, "PATCH": self._change_book,
                                    "DELETE": self._drop_book}),
            ("/api/books/([^/]+)/star", {"PUT": self._star, "DELETE": self._unstar}),
            ("/api/books/([^/]+)/reviews", {"GET": self._reviews, "POST": self._review}),
            ("/api/books/([^/]+)/reviews/([^/]+)", {"DELETE": self._drop_review}),
            ("/api/loans", {"GET": self._my_loans, "POST": self._lend}),
            ("/api/loans/([^/]+)/return", {"POST": self._return}),
            ("/api/shelves", {"GET": self._all_shelves, "POST": self._add_shelf}),
            ("/api/shelves/([^/]+)", {"GET": self._shelf, "PUT": self._replace_shelf}),
        ]  # fmt: skip
        for pattern, methods in routes:
            if found := re.fullmatch(pattern, path):
                if method not in methods:
                    raise refusal(405, "wrong_method")
                self.token, self.body, self.params = token, body or {}, params
                return methods[method](*found.groups())
        raise refusal(404, "no_such_path")

    def _caller(self) -> Json:
        if self.token is None:
            raise refusal(401, "who_are_you")
        if self.token not in self.tokens:
            raise refusal(401, "bad_token")
        return self.members[self.tokens[self.token]]

    def _admin(self) -> Json:
        caller = self._caller()
        if not caller["admin"]:
            raise refusal(403, "admins_only")
        return caller

    def _now(self) -> str:
        moment = datetime.fromtimestamp(CLOCK + len(self.tape.exchanges) + 1, UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

    def _new(self, length: int) -> str:
        self.count += 1
        return sha256(str(self.count).encode()).hexdigest()[:length]

    # ------------------------------------------------------------------ members

    def _register(self) -> Answer:
        missing = {
            name: "missing" for name in ("name", "email", "password") if name not in self.body
        }
        if missing:
            raise Refusal(422, {"errors": missing})
        email = self.body["email"].lower()
        if any(each["email"] == email for each in self.members.values()):
            raise refusal(409, "email_taken")
        number = len(self.members) + 1
        self.members[number] = {
            "id": number, "name": self.body["name"], "email": email,
            "bio": self.body.get("bio") or None, "admin": False,
            "password": self.body["password"],
        }  # fmt: skip
        return 201, self._member(number)

    def _member(self, number: int) -> Json:
        return {key: value for key, value in self.members[number].items() if key != "password"}

    def _login(self) -> Answer:
        for number, each in self.members.items():
            known = (self.body.get("email"), self.body.get("password"))
            if (each["email"], each["password"]) == known:
                token = self._new(32)
                self.tokens[token] = number
                return 200, {"token": token, "member": self._member(number)}
        raise refusal(401, "wrong_login")

    def _logout(self) -> Answer:
        self._caller()
        del self.tokens[self.token or ""]
        return 204, None

    def _me(self) -> Answer:
        return 200, self._member(self._caller()["id"])

    def _change_me(self) -> Answer:
        caller = self._caller()
        for name in ("name", "bio"):
            if name in self.body:
                caller[name] = self.body[name] or None
        return 200, self._member(caller["id"])

    # ------------------------------------------------------------------ books

    def _find(self, slug: str) -> Json:
        if slug not in self.books:
            raise refusal(404, "no_book")
        return self.books[slug]

    def _show(self, slug: str, *, short: bool = False) -> Json:
        book = self.books[slug]
        owner = self.members[book["owner"]]
        caller = self.tokens.get(self.token or "")
        shown = {
            "slug": slug, "title": book["title"], "genres": book["genres"],
            "pages": book["pages"], "createdAt": book["createdAt"], "updatedAt": book["updatedAt"],
            "owner": {"id": owner["id"], "name": owner["name"]},
            "stars": sum(each == slug for _, each in self.stars),
            "starred": not short and (caller, slug) in self.stars,
            "reviewCount": sum(each["book"] == slug for each in self.reviews.values()),
        }  # fmt: skip
        return shown if short else {**shown, "summary": book["summary"]}

    def _books(self) -> Answer:
        found = [*self.books][::-1]
        if "owner" in self.params:
            owners = {slug: self.members[self.books[slug]["owner"]]["name"] for slug in found}
            found = [slug for slug in found if owners[slug] == self.params["owner"]]
        if "genre" in self.params:
            genre = self.params["genre"]
            found = [slug for slug in found if genre in self.books[slug]["genres"]]
        skip, most = int(self.params.get("offset", 0)), int(self.params.get("limit", 3))
        page = [self._show(slug, short=True) for slug in found[skip : skip + most]]
        return 200, {"books": page, "total": len(found)}

    def _add_book(self) -> Answer:
        caller = self._caller()
        missing = {name: "missing" for name in ("title", "summary") if name not in self.body}
        blank = {name: "blank" for name in ("title", "summary") if self.body.get(name) == ""}
        if missing or blank:
            raise Refusal(422, {"errors": {**missing, **blank}})
        slug = re.sub(r"[^a-z0-9]+", "-", self.body["title"].lower()).strip("-")
        slug = f"{slug}-{self._new(6)}" if slug in self.books else slug
        self.books[slug] = {
            "title": self.body["title"], "summary": self.body["summary"],
            "pages": self.body.get("pages"), "genres": sorted(set(self.body.get("genres", []))),
            "owner": caller["id"], "createdAt": self._now(), "updatedAt": self._now(),
        }  # fmt: skip
        self.genres.update(dict.fromkeys(self.body.get("genres", [])))
        return 201, {"book": self._show(slug)}

    def _book(self, slug: str) -> Answer:
        self._find(slug)
        return 200, {"book": self._show(slug)}

    def _owned(self, slug: str) -> Json:
        caller = self._caller()
        book = self._find(slug)
        if book["owner"] != caller["id"] and not caller["admin"]:
            raise refusal(403, "not_yours")
        return book

    def _change_book(self, slug: str) -> Answer:
        book = self._owned(slug)
        for name in ("title", "summary", "pages"):
            if name in self.body:
                book[name] = self.body[name]
        book["updatedAt"] = self._now()
        return 200, {"book": self._show(slug)}

    def _drop_book(self, slug: str) -> Answer:
        self._owned(slug)
        del self.books[slug]
        self.reviews = {n: each for n, each in self.reviews.items() if each["book"] != slug}
        return 204, None

    def _star(self, slug: str) -> Answer:
        caller = self._caller()
        self._find(slug)
        self.stars.add((caller["id"], slug))
        return 200, {"book": self._show(slug)}

    def _unstar(self, slug: str) -> Answer:
        caller = self._caller()
        self._find(slug)
        self.stars.discard((caller["id"], slug))
        return 200, {"book": self._show(slug)}

    def _genres(self) -> Answer:
        return 200, {"genres": sorted(self.genres)}

    # ------------------------------------------------------------------ reviews

    def _reviews(self, slug: str) -> Answer:
        self._find(slug)
        return 200, {"reviews": [self._opinion(n) for n, each in self.reviews.items()
                                 if each["book"] == slug]}  # fmt: skip

    def _opinion(self, number: int) -> Json:
        review = self.reviews[number]
        member = self.members[review["member"]]
        return {
            "id": number, "text": review["text"], "rating": review["rating"],
            "member": {"id": member["id"], "name": member["name"]},
        }  # fmt: skip

    def _review(self, slug: str) -> Answer:
        caller = self._caller()
        self._find(slug)
        number = max([*self.reviews, self.count_of("reviews")], default=0) + 1
        self.numbers["reviews"] = number
        self.reviews[number] = {
            "book": slug, "member": caller["id"], "text": self.body["text"],
            "rating": self.body.get("rating", 3),
        }  # fmt: skip
        return 201, {"review": self._opinion(number)}

    def count_of(self, table: str) -> int:
        return self.numbers.get(table, 0)

    def _drop_review(self, slug: str, number: str) -> Answer:
        caller = self._caller()
        self._find(slug)
        review = self.reviews.get(int(number))
        if review is None or review["book"] != slug:
            raise refusal(404, "no_review")
        if review["member"] != caller["id"]:
            raise refusal(403, "not_yours")
        del self.reviews[int(number)]
        return 204, None

    # ------------------------------------------------------------------ loans

    def _lend(self) -> Answer:
        caller = self._caller()
        number = self.count_of("loans") + 1
        self.numbers["loans"] = number
        self.loans[number] = {
            "id": number, "memberId": caller["id"], "note": self.body.get("note"),
            "returned": False,
        }  # fmt: skip
        return 201, self.loans[number]

    def _my_loans(self) -> Answer:
        caller = self._caller()
        return 200, [each for each in self.loans.values() if each["memberId"] == caller["id"]]

    def _return(self, number: str) -> Answer:
        self._caller()
        loan = self.loans.get(int(number))
        if loan is None:
            raise refusal(404, "no_loan")
        loan["returned"] = True
        return 200, loan

    # ------------------------------------------------------------------ shelves

    def _free(self, own: str | None = None) -> None:
        label = self.body.get("label")
        if any(each["label"] == label for key, each in self.shelves.items() if key != own):
            raise refusal(409, "label_taken")

    def _add_shelf(self) -> Answer:
        self._caller()
        self._free()
        self._admin()
        text = self._new(32)
        number = f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"
        self.shelves[number] = {
            "id": number, "label": self.body["label"], "floor": self.body.get("floor"),
            "note": self.body.get("note"),
        }  # fmt: skip
        return 201, self.shelves[number]

    def _all_shelves(self) -> Answer:
        return 200, [*self.shelves.values()]

    def _shelf(self, number: str) -> Answer:
        if number not in self.shelves:
            raise refusal(404, "no_shelf")
        return 200, self.shelves[number]

    def _replace_shelf(self, number: str) -> Answer:
        self._admin()
        self._shelf(number)
        self._free(own=number)
        self.shelves[number] = {
            "id": number, "label": self.body["label"], "floor": self.body.get("floor"),
            "note": self.body.get("note"),
        }  # fmt: skip
        return 200, self.shelves[number]
