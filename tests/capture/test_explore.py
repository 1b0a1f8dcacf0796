"""The explorer on a message board, against what a thorough tester calls there."""

import json

import pytest

from harness.capture.explore.exploring import explore
from harness.project import Project
from tests.capture.board_server import CAROLS, Board, application
from tests.capture.driving import capturing, command, recorded
from tests.capture.serving import serving

pytestmark = pytest.mark.browser

TESTER = {
    "POST /api/users",
    "POST /api/login",
    "POST /api/logout",
    "GET /api/users/carol",
    "GET /api/settings",
    "GET /api/posts",
    "POST /api/posts",
    "GET /api/posts/{id}",
    "PUT /api/posts/{id}",
    "DELETE /api/posts/{id}",
    "POST /api/posts/{id}/star",
    "DELETE /api/posts/{id}/star",
    "GET /api/posts/{id}/comments",
    "POST /api/posts/{id}/comments",
    "DELETE /api/posts/{id}/comments/{id}",
}
FORBIDDEN = {"POST /api/pay", "DELETE /api/account"}


async def test_it_finds_what_a_tester_finds_and_harms_nothing(project: Project, port: int) -> None:
    board = Board()
    with serving(application(board), port):
        async with capturing(project) as session:
            await explore(session)
    found = set(board.calls)
    assert len(found & TESTER) >= 0.9 * len(TESTER), TESTER - found
    assert not found & FORBIDDEN
    assert board.posts[1]["title"] == CAROLS["title"]
    assert board.posts[1]["text"] == CAROLS["text"]
    statuses = {one.response.status for one in recorded(session) if one.response}
    assert {200, 201, 401, 409, 422} <= statuses
    assert list(board.posts) == [1]
    assert not any("elsewhere" in host for host in session.report["dropped_hosts"])


def test_the_command_explores_as_a_given_user_and_ends(
    project: Project, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNDERSTUDY_PASSWORD", "carols-own-secret")
    board = Board()
    board.users["carol"] = {"name": "carol", "password": "carols-own-secret"}
    options = ["--explore", "--login", "carol", "--headless", "--json"]
    with serving(application(board), port), command("capture", project.directory, *options) as run:
        out, err = run.communicate(timeout=150)
    assert run.returncode == 0, err
    assert json.loads(out)["endpoints"] >= 12
    assert list(board.users) == ["carol"]
    assert "POST /api/posts" in board.calls
    assert not set(board.calls) & FORBIDDEN
    assert board.posts == {1: {**CAROLS, "stars": board.posts[1]["stars"]}}


def test_a_login_needs_its_password(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UNDERSTUDY_PASSWORD", raising=False)
    with command("capture", project.directory, "--explore", "--login", "carol") as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "UNDERSTUDY_PASSWORD" in err
