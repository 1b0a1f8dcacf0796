"""An invented application, "Notewell", as inference would describe it."""

from typing import Any

from harness.inference.model import (
    ApiModel,
    ArrayOf,
    Auth,
    BadParam,
    BadToken,
    Check,
    ChildCount,
    Column,
    ColumnValue,
    Compare,
    Const,
    Delete,
    DeleteMatching,
    EndSession,
    Entity,
    Expr,
    Fallbacks,
    Filter,
    Generated,
    Holds,
    InputField,
    InputValue,
    Insert,
    InvalidBody,
    Link,
    LinkCount,
    Linked,
    Lookup,
    Missing,
    Not,
    ObjectOf,
    Operation,
    Order,
    PageInfo,
    Paging,
    Param,
    PathValue,
    Query,
    Render,
    RenderChildren,
    RenderItems,
    RequestBody,
    RequestLine,
    ResponseTemplate,
    Rule,
    SeedState,
    SetLink,
    SortParam,
    Taken,
    Template,
    Token,
    Unauthenticated,
    Unparsable,
    Update,
    View,
    ViewField,
    WrongPassword,
)  # fmt: skip

JSON = "application/json; charset=utf-8"
TITLE_LIMIT = 80


def column(row: str, *path: str) -> ColumnValue:
    return ColumnValue(row=row, path=list(path))


def fail(status: int, field: str, message: str) -> ResponseTemplate:
    body = ObjectOf(fields={"errors": Const(value={field: [message]})})
    return ResponseTemplate(status=status, content_type=JSON, body=body)


def answer(status: int, body: Expr | None, **headers: Expr) -> ResponseTemplate:
    return ResponseTemplate(status=status, content_type=JSON, body=body, headers=headers)


def rule(kind: Any, field: str, message: str, limit: Any = None) -> Rule:
    shape = ObjectOf(fields={"errors": Const(value={field: [message]})})
    return Rule(kind=kind, limit=limit, body=shape)


def text(name: str, *, required: bool = True, blank: bool = False, **more: Any) -> InputField:
    rules = [rule("required", name, "is required")] if required else []
    rules.append(rule("type", name, "must be text", "string"))
    if not blank:
        rules.append(rule("not_blank", name, "can't be empty"))
    return InputField(name=name, type="string", rules=[*rules, *more.pop("rules", [])], **more)


UNPARSABLE = Check(
    when=Unparsable(),
    response=answer(400, Const(value={"message": "Malformed JSON"})),
)
NO_TOKEN = Check(when=Unauthenticated(), response=fail(401, "token", "is missing"))
BAD_TOKEN = Check(when=BadToken(), response=fail(401, "token", "is invalid"))
SIGNED_IN = [NO_TOKEN, BAD_TOKEN]
INVALID = Check(when=InvalidBody())
NO_NOTE = Check(when=Missing(lookup="note"), response=fail(404, "note", "not found"))
NO_COMMENT = Check(when=Missing(lookup="comment"), response=fail(404, "comment", "not found"))
NOT_MINE = Check(
    when=Holds(
        predicate=Compare(left=column("note", "author_id"), op="ne", right=column("me", "id"))
    ),
    response=fail(403, "note", "is not yours"),
)
NOTE = Lookup(name="note", entity="note", column="slug", value=PathValue(name="slug"))
SLUG = [Param(name="slug", required=True)]

USER = Entity(
    name="user",
    plural="users",
    columns=[
        Column(name="id", type="integer", generated=Generated(by="sequence")),
        Column(name="username", type="string", unique=True),
        Column(name="email", type="string", unique=True, format="email"),
        Column(name="password", type="string", secret=True),
        Column(name="bio", type="string", nullable=True),
    ],
)
NOTE_ENTITY = Entity(
    name="note",
    plural="notes",
    columns=[
        Column(name="id", type="uuid", generated=Generated(by="uuid")),
        Column(
            name="slug", type="string", unique=True,
            generated=Generated(by="slug", of="title", suffix=6, follows=True),
        ),
        Column(name="title", type="string", max_length=TITLE_LIMIT),
        Column(name="body", type="string", default=""),
        Column(name="pinned", type="boolean", default=False),
        Column(name="rating", type="integer", nullable=True),
        Column(name="due_on", type="date", nullable=True),
        Column(name="tag_list", type="strings", items="unique_sorted", vocabulary="tag"),
        Column(name="author_id", type="integer", references="user"),
        Column(name="notebook_id", type="integer", references="notebook", nullable=True,
               on_delete="set_null"),
        Column(name="created_at", type="datetime", generated=Generated(by="now")),
        Column(name="updated_at", type="datetime", generated=Generated(by="touched")),
    ],
)  # fmt: skip
COMMENT = Entity(
    name="comment",
    plural="comments",
    columns=[
        Column(name="id", type="integer", generated=Generated(by="sequence")),
        Column(name="body", type="string"),
        Column(name="note_id", type="uuid", references="note"),
        Column(name="author_id", type="integer", references="user"),
        Column(name="created_at", type="datetime", generated=Generated(by="now")),
    ],
)
NOTEBOOK = Entity(
    name="notebook",
    plural="notebooks",
    columns=[
        Column(name="id", type="integer", generated=Generated(by="sequence")),
        Column(name="name", type="string", unique=True),
    ],
)
TAG = Entity(
    name="tag",
    plural="tags",
    vocabulary=True,
    columns=[
        Column(name="id", type="integer", generated=Generated(by="sequence")),
        Column(name="name", type="string", unique=True),
    ],
)

VIEWS = [
    View(
        name="account",
        entity="user",
        fields=[
            ViewField(key="email", value=column("row", "email")),
            ViewField(key="username", value=column("row", "username")),
            ViewField(key="bio", value=column("row", "bio")),
            ViewField(key="token", value=Token(row="row")),
        ],
    ),
    View(
        name="profile",
        entity="user",
        fields=[
            ViewField(key="username", value=column("row", "username")),
            ViewField(key="bio", value=column("row", "bio")),
            ViewField(key="following", value=Linked(link="follow", row="row")),
        ],
    ),
    View(
        name="notebook",
        entity="notebook",
        fields=[
            ViewField(key="id", value=column("row", "id")),
            ViewField(key="name", value=column("row", "name")),
            ViewField(key="url", value=Template(
                text="{origin}/api/notebooks/{id}", values={"id": column("row", "id")})),
        ],
    ),
    View(
        name="comment",
        entity="comment",
        fields=[
            ViewField(key="id", value=column("row", "id")),
            ViewField(key="body", value=column("row", "body")),
            ViewField(key="createdAt", value=column("row", "created_at")),
            ViewField(key="author", value=Render(row="row", path=["author_id"], view="profile")),
        ],
    ),
    View(
        name="note",
        entity="note",
        fields=[
            ViewField(key="id", value=column("row", "id")),
            ViewField(key="slug", value=column("row", "slug")),
            ViewField(key="title", value=column("row", "title")),
            ViewField(key="body", value=column("row", "body")),
            ViewField(key="pinned", value=column("row", "pinned")),
            ViewField(key="rating", value=column("row", "rating"), omit_null=True),
            ViewField(key="dueOn", value=column("row", "due_on")),
            ViewField(key="tagList", value=column("row", "tag_list")),
            ViewField(key="createdAt", value=column("row", "created_at")),
            ViewField(key="updatedAt", value=column("row", "updated_at")),
            ViewField(key="liked", value=Linked(link="like", row="row")),
            ViewField(key="likesCount", value=LinkCount(link="like", row="row")),
            ViewField(key="commentsCount",
                      value=ChildCount(entity="comment", column="note_id", row="row")),
            ViewField(key="notebook",
                      value=Render(row="row", path=["notebook_id"], view="notebook")),
            ViewField(key="author", value=Render(row="row", path=["author_id"], view="profile")),
            ViewField(key="meta", value=ObjectOf(fields={
                "version": Const(value=1), "owner": column("row", "author_id", "username")})),
        ],
    ),
    View(
        name="note_with_comments",
        entity="note",
        fields=[
            ViewField(key="title", value=column("row", "title")),
            ViewField(key="comments", value=RenderChildren(
                row="row", entity="comment", column="note_id", view="comment")),
        ],
    ),
]  # fmt: skip


def operation(method: str, path: str, identifier: str, kind: Any, **more: Any) -> Operation:
    resource = more.pop("resource", "notes")
    summary = identifier.replace("_", " ").capitalize()
    return Operation(
        id=identifier, method=method, path=f"/api{path}", resource=resource, kind=kind,
        summary=summary, **more,
    )  # fmt: skip


ACCOUNT = ObjectOf(fields={"user": Render(row="created", view="account")})
SESSIONS = [
    operation(
        "POST", "/users", "register", "register", resource="users",
        request=RequestBody(envelope="user", envelope_rules=[
            rule("required", "user", "is required"),
            rule("type", "user", "must be an object", "object"),
        ], fields=[
            text("username"),
            text("email", rules=[rule("email", "email", "is no address")],
                 normalize=["email_domain_lower"]),
            text("password", rules=[rule("min_length", "password", "is too short", 8)]),
        ]),
        checks=[
            UNPARSABLE, INVALID,
            Check(when=Taken(entity="user", column="username", input="username"),
                  response=fail(409, "username", "is taken")),
            Check(when=Taken(entity="user", column="email", input="email"),
                  response=fail(409, "email", "is taken")),
        ],
        effects=[Insert(entity="user", values={
            "username": InputValue(name="username"), "email": InputValue(name="email"),
            "password": InputValue(name="password")})],
        response=answer(201, ACCOUNT),
    ),
    operation(
        "POST", "/users/login", "login", "login", resource="users",
        request=RequestBody(envelope="user", fields=[text("email"), text("password")]),
        lookups=[
            Lookup(name="user", entity="user", column="email", value=InputValue(name="email"))
        ],
        checks=[
            UNPARSABLE, INVALID,
            Check(when=Missing(lookup="user"), response=fail(401, "credentials", "are wrong")),
            Check(when=WrongPassword(input="password", row="user"),
                  response=fail(401, "credentials", "are wrong")),
        ],
        response=answer(200, ObjectOf(fields={"user": Render(row="user", view="account")})),
    ),
    operation(
        "GET", "/user", "read_current_user", "current_user", resource="users", auth="required",
        checks=SIGNED_IN,
        response=answer(200, ObjectOf(fields={"user": Render(row="me", view="account")})),
    ),
    operation(
        "PUT", "/user", "update_current_user", "merge", resource="users", auth="required",
        request=RequestBody(envelope="user", fields=[
            text("username", required=False), text("email", required=False),
            text("password", required=False),
            InputField(name="bio", type="string", nullable=True, normalize=["blank_to_null"]),
        ]),
        checks=[
            *SIGNED_IN, UNPARSABLE, INVALID,
            Check(when=Taken(entity="user", column="username", input="username"),
                  response=fail(409, "username", "is taken")),
        ],
        effects=[Update(row="me", inputs={"username": "username", "email": "email",
                                          "password": "password", "bio": "bio"})],
        response=answer(200, ObjectOf(fields={"user": Render(row="me", view="account")})),
    ),
    operation(
        "POST", "/users/logout", "logout", "logout", resource="users", auth="required",
        checks=SIGNED_IN, effects=[EndSession()],
        response=ResponseTemplate(status=204, content_type="text/html; charset=utf-8"),
    ),
]  # fmt: skip

PROFILE = Lookup(name="profile", entity="user", column="username", value=PathValue(name="username"))
NO_PROFILE = Check(when=Missing(lookup="profile"), response=fail(404, "profile", "not found"))
PROFILE_BODY = ObjectOf(fields={"profile": Render(row="profile", view="profile")})
USERNAME = [Param(name="username", required=True)]
PROFILES = [
    operation(
        "GET", "/profiles/{username}", "read_profile", "read", resource="profiles",
        auth="optional", path_params=USERNAME, lookups=[PROFILE], checks=[NO_PROFILE],
        response=answer(200, PROFILE_BODY),
    ),
    operation(
        "POST", "/profiles/{username}/follow", "follow_profile", "link", resource="profiles",
        auth="required", path_params=USERNAME, lookups=[PROFILE],
        checks=[
            *SIGNED_IN, NO_PROFILE,
            Check(when=Holds(predicate=Compare(
                      left=column("profile", "id"), right=column("me", "id"))),
                  response=fail(403, "profile", "is you")),
            Check(when=Holds(predicate=Linked(link="follow", row="profile")),
                  response=answer(409, Const(value=None))),
        ],
        effects=[SetLink(link="follow", row="profile", on=True)],
        response=answer(200, PROFILE_BODY),
    ),
    operation(
        "DELETE", "/profiles/{username}/follow", "unfollow_profile", "unlink", resource="profiles",
        auth="required", path_params=USERNAME, lookups=[PROFILE],
        checks=[
            *SIGNED_IN, NO_PROFILE,
            Check(when=Holds(predicate=Not(of=Linked(link="follow", row="profile"))),
                  response=answer(409, Const(value=None))),
        ],
        effects=[SetLink(link="follow", row="profile", on=False)],
        response=answer(200, PROFILE_BODY),
    ),
]  # fmt: skip

PAGING = Paging(limit_param="limit", offset_param="offset", default_limit=20, max_limit=100)
NUMBER = "is no number"
BAD_LIMIT = Check(when=BadParam(place="query", name="limit"), response=fail(422, "limit", NUMBER))
LIST_PARAMS = [
    Param(name="limit", type="integer", default=20),
    Param(name="offset", type="integer", default=0),
    Param(name="tag"), Param(name="author"), Param(name="liked_by"), Param(name="q"),
    Param(name="rating", type="integer"), Param(name="sort"),
]  # fmt: skip
NOTE_BODY = ObjectOf(fields={"note": Render(row="note", view="note")})
CREATED_NOTE = ObjectOf(fields={"note": Render(row="created", view="note")})
NOTE_PAGE = ObjectOf(
    fields={"notes": RenderItems(view="note"), "notesCount": PageInfo(fact="total")}
)
NEWEST = [Order(column="created_at", descending=True)]
TAGS_RULE = rule("type", "tagList", "must be a list", "array")
NOTE_FIELDS = [
    InputField(name="body", type="string"),
    InputField(name="pinned", type="boolean"),
    InputField(name="rating", type="integer", nullable=True, rules=[
        rule("minimum", "rating", "is too small", 1), rule("maximum", "rating", "is too big", 5)]),
    InputField(name="dueOn", type="string", nullable=True),
    InputField(name="tagList", type="strings", rules=[TAGS_RULE]),
]  # fmt: skip
LONG_TITLE = rule("max_length", "title", "is too long", TITLE_LIMIT)
STORED = {"title": "title", "body": "body", "pinned": "pinned", "rating": "rating",
          "due_on": "dueOn", "tag_list": "tagList"}  # fmt: skip
NOTES = [
    operation(
        "GET", "/notes", "list_notes", "list", auth="optional", query_params=LIST_PARAMS,
        checks=[BAD_LIMIT],
        query=Query(entity="note", order=NEWEST, paging=PAGING, filters=[
            Filter(param="tag", op="contains", path=["tag_list"]),
            Filter(param="author", path=["author_id", "username"]),
            Filter(param="liked_by", op="linked", link="like", path=["username"]),
            Filter(param="q", op="search", paths=[["title"], ["body"]]),
            Filter(param="rating", path=["rating"]),
        ], sort=SortParam(param="sort", keys={"title": "title", "rating": "rating"})),
        response=answer(200, NOTE_PAGE),
    ),
    operation(
        "GET", "/notes/feed", "list_feed", "list", auth="required",
        query_params=LIST_PARAMS[:2], checks=[*SIGNED_IN, BAD_LIMIT],
        query=Query(entity="note", order=NEWEST, paging=PAGING,
                    scope=[Linked(link="follow", row="row", path=["author_id"])]),
        response=answer(200, NOTE_PAGE),
    ),
    operation(
        "POST", "/notes", "create_note", "create", auth="required",
        request=RequestBody(
            envelope="note", fields=[text("title", rules=[LONG_TITLE]), *NOTE_FIELDS]),
        checks=[*SIGNED_IN, UNPARSABLE, INVALID],
        effects=[Insert(entity="note", values={
            **{name: InputValue(name=source) for name, source in STORED.items()},
            "author_id": column("me", "id")})],
        response=answer(201, CREATED_NOTE, Location=Template(
            text="{origin}/api/notes/{slug}", values={"slug": column("created", "slug")})),
    ),
    operation(
        "GET", "/notes/{slug}", "read_note", "read", auth="optional", path_params=SLUG,
        lookups=[NOTE], checks=[NO_NOTE], response=answer(200, NOTE_BODY),
    ),
    operation(
        "PUT", "/notes/{slug}", "update_note", "merge", auth="required", path_params=SLUG,
        lookups=[NOTE],
        request=RequestBody(envelope="note", fields=[
            text("title", required=False, rules=[LONG_TITLE]), *NOTE_FIELDS]),
        checks=[*SIGNED_IN, UNPARSABLE, NO_NOTE, NOT_MINE, INVALID],
        effects=[Update(row="note", inputs=STORED)],
        response=answer(200, NOTE_BODY),
    ),
    operation(
        "DELETE", "/notes/{slug}", "delete_note", "delete", auth="required", path_params=SLUG,
        lookups=[NOTE], checks=[*SIGNED_IN, NO_NOTE, NOT_MINE], effects=[Delete(row="note")],
        response=ResponseTemplate(status=204, content_type="text/html; charset=utf-8"),
    ),
    operation(
        "POST", "/notes/{slug}/like", "like_note", "link", auth="required", path_params=SLUG,
        lookups=[NOTE], checks=[*SIGNED_IN, NO_NOTE],
        effects=[SetLink(link="like", row="note", on=True)], response=answer(200, NOTE_BODY),
    ),
    operation(
        "DELETE", "/notes/{slug}/like", "unlike_note", "unlink", auth="required", path_params=SLUG,
        lookups=[NOTE], checks=[*SIGNED_IN, NO_NOTE],
        effects=[SetLink(link="like", row="note", on=False)], response=answer(200, NOTE_BODY),
    ),
    operation(
        "GET", "/notes/{slug}/full", "read_full_note", "read", auth="optional", path_params=SLUG,
        lookups=[NOTE], checks=[NO_NOTE],
        response=answer(200, Render(row="note", view="note_with_comments")),
    ),
]  # fmt: skip

BAD_COMMENT_ID = Check(
    when=BadParam(place="path", name="id"), response=fail(422, "comment_id", NUMBER)
)
COMMENT_LOOKUP = Lookup(
    name="comment", entity="comment", column="id", value=PathValue(name="id"),
    within={"note_id": "note"},
)  # fmt: skip
COMMENTS = [
    operation(
        "GET", "/notes/{slug}/comments", "list_comments", "list", resource="comments",
        auth="optional", path_params=SLUG, lookups=[NOTE], checks=[NO_NOTE],
        query=Query(entity="comment", order=[Order(column="id", descending=True)], scope=[
            Compare(left=column("row", "note_id"), right=column("note", "id"))]),
        response=answer(200, ObjectOf(fields={"comments": RenderItems(view="comment")})),
    ),
    operation(
        "POST", "/notes/{slug}/comments", "create_comment", "create", resource="comments",
        auth="required", path_params=SLUG, lookups=[NOTE],
        request=RequestBody(envelope="comment", fields=[text("body")]),
        checks=[*SIGNED_IN, UNPARSABLE, INVALID, NO_NOTE],
        effects=[Insert(entity="comment", values={
            "body": InputValue(name="body"), "note_id": column("note", "id"),
            "author_id": column("me", "id")})],
        response=answer(201, ObjectOf(fields={"comment": Render(row="created", view="comment")})),
    ),
    operation(
        "DELETE", "/notes/{slug}/comments/{id}", "delete_comment", "delete", resource="comments",
        auth="required",
        path_params=[*SLUG, Param(name="id", type="integer", required=True)],
        lookups=[NOTE, COMMENT_LOOKUP],
        checks=[
            *SIGNED_IN, BAD_COMMENT_ID, NO_NOTE, NO_COMMENT,
            Check(when=Holds(predicate=Compare(
                left=column("comment", "author_id"), op="ne", right=column("me", "id"))),
                response=fail(403, "comment", "is not yours")),
        ],
        effects=[Delete(row="comment")],
        response=ResponseTemplate(status=204, content_type=None),
    ),
]  # fmt: skip

NOTEBOOK_LOOKUP = Lookup(
    name="notebook", entity="notebook", column="id", value=PathValue(name="id")
)
NO_NOTEBOOK = Check(
    when=Missing(lookup="notebook"),
    response=ResponseTemplate(
        status=404,
        content_type="text/plain; charset=utf-8",
        body=Template(text="No notebook {id} here", values={"id": PathValue(name="id")}),
    ),
)
NOTEBOOK_ID = [Param(name="id", type="integer", required=True)]
NAME = RequestBody(fields=[text("name", normalize=["strip"])])
NOTEBOOKS = [
    operation(
        "GET", "/notebooks", "list_notebooks", "list", resource="notebooks",
        query=Query(entity="notebook", order=[Order(column="id")]),
        response=answer(200, RenderItems(view="notebook")),
    ),
    operation(
        "POST", "/notebooks", "create_notebook", "create", resource="notebooks", request=NAME,
        checks=[UNPARSABLE, INVALID, Check(
            when=Taken(entity="notebook", column="name", input="name"),
            response=fail(409, "name", "is taken"))],
        effects=[Insert(entity="notebook", values={"name": InputValue(name="name")})],
        response=answer(201, Render(row="created", view="notebook")),
    ),
    operation(
        "PUT", "/notebooks/{id}", "replace_notebook", "replace", resource="notebooks",
        path_params=NOTEBOOK_ID, lookups=[NOTEBOOK_LOOKUP], request=NAME,
        checks=[UNPARSABLE, INVALID, NO_NOTEBOOK],
        effects=[Update(row="notebook", inputs={"name": "name"}, replace=True)],
        response=answer(200, Render(row="notebook", view="notebook")),
    ),
    operation(
        "GET", "/notebooks/{id}", "read_notebook", "read", resource="notebooks",
        path_params=NOTEBOOK_ID, lookups=[NOTEBOOK_LOOKUP], checks=[NO_NOTEBOOK],
        response=answer(200, Render(row="notebook", view="notebook")),
    ),
    operation(
        "DELETE", "/notebooks", "delete_notebooks", "delete_all", resource="notebooks",
        query=Query(entity="notebook"), effects=[DeleteMatching()],
        response=answer(200, ArrayOf(items=[])),
    ),
    operation(
        "GET", "/tags", "list_tags", "list", resource="tags",
        query=Query(entity="tag", order=[Order(column="id")]),
        response=answer(200, ObjectOf(fields={"tags": RenderItems(column="name")})),
    ),
    operation(
        "GET", "/health", "read_health", "constant", resource="system",
        response=ResponseTemplate(status=200, content_type="text/plain", body=Const(value="well")),
    ),
]  # fmt: skip

MODEL = ApiModel(
    title="Notewell",
    base="/api",
    auth=Auth(user="user", schemes=["Token", "Bearer"]),
    entities=[USER, NOTE_ENTITY, COMMENT, NOTEBOOK, TAG],
    links=[
        Link(name="like", source="user", target="note", source_column="user_id",
             target_column="note_id"),
        Link(name="follow", source="user", target="user", source_column="follower_id",
             target_column="followed_id"),
    ],
    views=VIEWS,
    operations=[*SESSIONS, *PROFILES, *NOTES, *COMMENTS, *NOTEBOOKS],
    fallbacks=Fallbacks(
        unknown_path=ResponseTemplate(status=404, content_type="text/html; charset=utf-8",
                                      body=Const(value="<h1>Nothing here</h1>")),
        wrong_method=ResponseTemplate(
            status=405, content_type="text/plain; charset=utf-8",
            body=Template(text="Cannot {method} {path}", values={
                "method": RequestLine(part="method"), "path": RequestLine(part="path")})),
        head="wrong_method",
    ),
    seeds=[
        SeedState(
            recording="first",
            tables={
                "user": [{"id": 7, "username": "wilma", "email": "wilma@example.com",
                          "password": "Quiet-Rain-11", "bio": None}],
                "note": [{
                    "id": "5f0c3f5e-7a51-4a3e-9d61-0a7f9f6b1c22", "slug": "garden-plans",
                    "title": "Garden plans", "body": "Beans.", "pinned": False, "rating": 4,
                    "due_on": "2026-12-01", "tag_list": ["garden"], "author_id": 7,
                    "created_at": "2026-11-01T08:00:00.123Z",
                    "updated_at": "2026-11-01T08:00:00.123Z"}],
                "tag": [{"id": 1, "name": "garden"}],
            },
            links={"like": [{"user_id": 7, "note_id": "5f0c3f5e-7a51-4a3e-9d61-0a7f9f6b1c22"}]},
            tokens={"open-before-the-recording": 7},
        )
    ],
)  # fmt: skip
