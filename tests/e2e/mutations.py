# ruff: noqa: E501 - one mutation a line reads as a table
"""Ways in which a backend can be wrong, as edits of the generated source."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mutation:
    """Edits of files (glob, pattern, replacement): each must change something."""

    name: str
    edits: tuple[tuple[str, str, str], ...]

    def apply(self, directory: Path) -> None:
        for glob, pattern, replacement in self.edits:
            changed = 0
            for path in sorted(directory.glob(glob)):
                text, count = re.subn(pattern, replacement, path.read_text(), flags=re.MULTILINE)
                if count:
                    path.write_text(text)
                changed += count
            assert changed, f"{self.name}: nothing in {glob} matches {pattern}"


def edit(name: str, glob: str, pattern: str, replacement: str) -> Mutation:
    return Mutation(name, ((f"app/{glob}", pattern, replacement),))


SERVICES = "services/*.py"
ROUTERS = "routers/*.py"
PRESENTERS = "presenters/*.py"
SCHEMAS = "schemas/*.py"

MUTATIONS = (
    edit("wrong status of a creation", ROUTERS, r"status_code=201", "status_code=200"),
    edit("wrong status of a deletion", ROUTERS, r"status_code=204", "status_code=200"),
    edit("unknown rows answer 400", "errors.py", r"HTTPStatus\.NOT_FOUND$", "HTTPStatus.BAD_REQUEST"),
    edit("refusals answer 401", "errors.py", r"HTTPStatus\.FORBIDDEN", "HTTPStatus.UNAUTHORIZED"),
    edit("duplicates answer 422", "errors.py", r"HTTPStatus\.CONFLICT", "HTTPStatus.UNPROCESSABLE_ENTITY"),
    edit("another error message", "errors.py", r"has already been taken", "is already taken"),
    edit("another error key", "errors.py", r'"credentials": \["invalid"\]', '"password": ["invalid"]'),
    edit("another validation message", SCHEMAS, r"can't be blank", "must not be blank"),
    edit("error body under another envelope", "errors.py", r'\{"errors": \{"profile"', '{"error": {"profile"'),
    edit("content type without charset", "errors.py", r"; charset=utf-8", ""),
    edit("lost field", SCHEMAS, r"^    favorites_count: int\n", ""),
    edit("extra field", SCHEMAS, r"^    favorites_count: int\n", "    favorites_count: int\n    score: int = 0\n"),
    edit("count as a string", SCHEMAS, r"^    favorites_count: int$", "    favorites_count: str"),
    edit("empty text for null", PRESENTERS, r"image=user\.image", 'image=user.image or ""'),
    edit("null for a value", PRESENTERS, r"bio=user\.bio", "bio=None"),
    edit("another order of articles", "services/articles.py", r"created_at\.desc\(\), Article\.id\.desc\(\)", "created_at, Article.id"),
    edit("another order of comments", "services/comments.py", r"Comment\.id\.desc\(\)", "Comment.id"),
    edit("count is one too many", ROUTERS, r"articles_count=total", "articles_count=total + 1"),
    edit("count of the page instead of all", ROUTERS, r"articles_count=total", "articles_count=len(rows)"),
    edit("count of favorites is one too many", PRESENTERS, r"favorite_counts\.get\(article\.id, 0\)", "favorite_counts.get(article.id, 0) + 1"),
    edit("favorited is stale", PRESENTERS, r"favorited=article\.id in favorite_keys", "favorited=False"),
    edit("following is stale", PRESENTERS, r"following=user\.id in follow_keys", "following=False"),
    edit("following for everybody", PRESENTERS, r"following=user\.id in follow_keys", "following=viewer is not None"),
    edit("filter by author is ignored", SERVICES, r"if author:", "if False:"),
    edit("filter by tag is ignored", SERVICES, r"if tag:", "if False:"),
    edit("filter by favorites is ignored", SERVICES, r"if favorited:", "if False:"),
    edit("anyone changes articles", "services/articles.py", r"article\.author_id != user\.id", "False"),
    edit("nobody changes articles", "services/articles.py", r"article\.author_id != user\.id", "True"),
    edit("anyone deletes comments", "services/comments.py", r"if user\.id not in \{article\.author_id, comment\.author_id\}", "if False"),
    edit("one may follow oneself", "services/profiles.py", r"user\.id == current_user\.id", "False"),
    edit("token not required", "security.py", r"raise errors\.NotAuthenticatedError", "return (await session.scalars(select(User))).first()"),
    edit("password not checked", "services/users.py", r" or not await verify_password\(data\.password, user\.password_hash\)", ""),
    edit("password not changed", "services/users.py", r"user\.password_hash = await hash_password\(data\.password\)", "pass"),
    edit("one token for everybody", "security.py", r"return token$", 'return "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0x9.q1w2e3r4t5y6u7i8o9p0"'),
    edit("default limit", "pagination.py", r"(limit, )20\b", r"\g<1>5"),
    edit("limit is ignored", SERVICES, r"\.limit\(page\.limit\)", ""),
    edit("offset is ignored", SERVICES, r"\.offset\(page\.offset\)", ""),
    edit("feed of everybody", "services/articles.py", r"Follow\.follower_id == user\.id", "Follow.follower_id != -1"),
    edit("slug is not renewed", "services/articles.py", r"article\.slug = await unique_slug\(.*\)", "pass"),
    edit("title is not changed", "services/articles.py", r"article\.title = data\.title", "pass"),
    edit("tags in the order given, twice", "services/articles.py", r"sorted\(set\(data\.tag_list\)\)", "list(data.tag_list)"),
    edit("tags are not collected", "services/articles.py", r"await remember\(.*\)", "pass"),
    edit("update does not touch", "services/articles.py", r"article\.updated_at = utc_now\(\)", "pass"),
    edit("update moves the creation", "services/articles.py", r"article\.updated_at = utc_now\(\)", "article.created_at = article.updated_at = utc_now()"),
    edit("articles stay after deletion", "services/articles.py", r"await session\.delete\(article\)", "pass"),
    edit("comments stay after deletion", "services/comments.py", r"await session\.delete\(comment\)", "pass"),
    edit("comments of every article", "services/comments.py", r"select\(Comment\)\.where\(Comment\.article_id == article\.id\)", "select(Comment)"),
    edit("author is another user", "services/comments.py", r"author=user", "author=article.author"),
    Mutation(
        "duplicate e-mail accepted",
        (
            ("app/services/users.py", r"await exists\(session, User\.email == data\.email\)", "False"),
            ("app/models/user.py", r"(email: .*)unique=True", r"\g<1>"),
            ("alembic/versions/*.py", r'^ +sa\.UniqueConstraint\("email".*\n', ""),
        ),
    ),
)  # fmt: skip
