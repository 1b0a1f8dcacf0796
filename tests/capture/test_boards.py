"""Applications whose whole CRUD goes over a WebSocket: captured, learned, and used again."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette

from harness.builders.offline import generate, seed_json
from harness.capture.browser import Browser, Profile
from harness.inference.infer import infer
from harness.inference.model import ApiModel, Finding
from harness.project import Project
from harness.traffic.framings.recordings import TranslatedRecording
from harness.traffic.framings.translation import Note
from harness.traffic.store import Recording
from harness.verify.backend import BackendProcess, load_seed, migrate
from harness.verify.postgres import PostgresServer
from harness.verify.verify import Case, verify_backend
from tests.builders.conftest import write
from tests.capture import ddp_board, socketio_board
from tests.capture.driving import capturing, page_of
from tests.capture.serving import free_port, serving
from tests.capture.task_pages import Visitor, bring_page, journey

pytestmark = pytest.mark.browser

USERS = ("ada", "ben")


@dataclass(frozen=True)
class App:
    """An application, and the script by which its page speaks to it."""

    framing: str
    make: Callable[[], Starlette]
    client: str
    name: str
    """The field that users are called by."""


APPS = [
    App("socket.io", socketio_board.application, "socketio.js", "name"),
    App("ddp", ddp_board.application, "ddp.js", "username"),
]


Server = Callable[[App, Path, PostgresServer], AbstractAsyncContextManager[str]]
"""Serves an application, or what takes its place; the value is its origin."""


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


async def use(origin: str, client: str) -> None:
    """Go through the journey with two browsers' pages, which are served from their files."""
    visitors = []
    async with Browser(headless=True) as browser:
        for name in USERS:
            window = await browser.add_window(Profile(name))
            page = await window.context.new_page()
            await bring_page(page, origin, client)
            await page.goto(f"{origin}/")
            visitors.append(Visitor(page, name))
        await journey(*visitors)


@asynccontextmanager
async def original(app: App, _: Path, __: PostgresServer) -> AsyncIterator[str]:
    with serving(app.make(), free_port()) as origin:
        yield origin


@asynccontextmanager
async def clone(app: App, folder: Path, postgres: PostgresServer) -> AsyncIterator[str]:
    """Capture the journey, and serve what was built from that, as it was when that began."""
    recording = await recorded(app, folder, "proxy")
    model = infer([recording])
    backend = write(folder / "backend", generate(model))
    database = f"board_{app.client.partition('.')[0]}"
    postgres.create_database(database)
    url = postgres.url(database)
    migrate(backend, url)
    load_seed(backend, url, seed_json(model, recording.name))
    with BackendProcess(backend, url) as process:
        process.wait_ready()
        yield process.base_url


@pytest.mark.parametrize("server", [original, clone])
@pytest.mark.parametrize("app", APPS, ids=lambda app: app.framing)
async def test_the_page_works_against(
    app: App, server: Server, tmp_path: Path, postgres: PostgresServer
) -> None:
    async with server(app, tmp_path, postgres) as origin:
        await use(origin, app.client)


async def recorded(app: App, folder: Path, via: str) -> TranslatedRecording:
    """Capture the journey of two users."""
    port = free_port()
    project = Project.create(folder / "board", f"http://127.0.0.1:{port}/")
    with serving(app.make(), port):
        async with capturing(project, via=via, profiles=USERS) as session:
            pages = [page_of(session, number) for number in range(len(USERS))]
            await journey(*map(Visitor, pages, USERS))
    (recording,) = project.recordings()
    assert isinstance(recording, TranslatedRecording)
    return recording


@pytest.mark.parametrize("via", ["proxy", "browser"])
@pytest.mark.parametrize("app", APPS, ids=lambda app: app.framing)
async def test_a_captured_board_is_rebuilt(
    app: App, via: str, tmp_path: Path, postgres: PostgresServer
) -> None:
    recording = await recorded(app, tmp_path, via)
    assert set(recording.translation.framings) == {app.framing}
    assert warnings(recording.translation.notes) == []
    refused = Counter(each.response.status for each in recording if each.response)
    assert {status: refused[status] for status in (401, 404, 422)} == {401: 1, 404: 2, 422: 2}
    check_secrets(recording)
    model = infer([recording])
    assert warnings(model.findings) == []
    check_entities(model, app)
    check_operations(model, app)
    backend = write(tmp_path / "backend", generate(model))
    case = Case(recording.name, list(recording), seed_json(model, recording.name))
    report = verify_backend(backend, [case], postgres=postgres).report
    assert report.mismatches == []
    assert report.exact == report.exchanges >= 32


def warnings(said: Iterable[Note | Finding]) -> list[Note | Finding]:
    return [each for each in said if each.level == "warning"]


def check_entities(model: ApiModel, app: App) -> None:
    columns = {each.name: {column.name for column in each.columns} for each in model.entities}
    assert columns == {
        "user": {"id", app.name, "password"},
        "task": {"id", "title", "done", "owner", "created_at"},
    }


def check_operations(model: ApiModel, app: App) -> None:
    """Every operation is known for what it is, and what else than a body it refuses."""
    found = {
        (each.method, each.path.rpartition("/")[2]): (
            each.kind,
            each.response.status,
            {(check.when.kind, check.response.status) for check in each.checks if check.response},
        )
        for each in model.operations
    }
    gone = ("missing", 404)
    resumed = {("GET", "login"): ("current_user", 200, set())} if app.framing == "ddp" else {}
    assert found == resumed | {
        ("GET", "tasks"): ("list", 200, set()),
        ("POST", "tasks"): ("create", 201, set()),
        ("PATCH", "{id}"): ("merge", 200, {gone}),
        ("DELETE", "{id}"): ("delete", 200, {gone}),
        ("POST", "users"): ("register", 201, set()),
        ("POST", "login"): ("login", 200, {("missing", 401), ("wrong_password", 401)}),
        ("POST", "logout"): ("logout", 204, set()),
    }


def check_secrets(recording: TranslatedRecording) -> None:
    """What the users typed is not in the recording, their titles are."""
    said = b"".join(each.message for each in Recording(recording.path))
    assert b"secret 71" not in said
    assert b"Oat milk" in said
