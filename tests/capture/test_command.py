"""`understudy capture` as a command: how it ends, and what it leaves behind."""

import json
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from harness.capture.finding import install_command
from harness.project import Project
from harness.traffic.store import Recording
from tests.capture.certificates import self_signed
from tests.capture.driving import command, interrupt, line, lines
from tests.capture.notes_server import application
from tests.capture.serving import serving
from tests.capture.test_session import JOURNEY

pytestmark = pytest.mark.browser


@pytest.fixture
def walked(tmp_path: Path, port: int) -> Project:
    """A project whose application goes through its journey by itself."""
    return Project.create(tmp_path / "walked", f"http://127.0.0.1:{port}/?user=ada")


def until(condition: Callable[[], object], seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def so_far(project: Project) -> list[str]:
    return [line(one) for recording in recorded(project) for one in recording]


def recorded(project: Project) -> list[Recording]:
    """The recordings as they are on disk, messages not yet read as what they stand for."""
    return [Recording(one.path) for one in project.recordings()]


def children(process: int) -> list[int]:
    listed = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(each) for each in listed]


def proxy_of(process: subprocess.Popen[str]) -> int:
    """The process id of a capture's proxy."""
    named = {each: Path(f"/proc/{each}/cmdline").read_text() for each in children(process.pid)}
    return next(each for each, name in named.items() if "harness.capture.proxy" in name)


def ended(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def proxy_address(process: subprocess.Popen[str]) -> str:
    """Where a capture with --proxy-only listens."""
    assert process.stderr is not None
    return process.stderr.readline().partition("proxy ")[2].partition(";")[0]


def client(proxy: str, name: str = "", **more: object) -> httpx.Client:
    address = proxy.replace("http://", f"http://{name}@") if name else proxy
    return httpx.Client(proxy=address, trust_env=False, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("via", ["proxy", "browser"])
def test_ctrl_c_ends_it_and_the_model_is_there(walked: Project, port: int, via: str) -> None:
    with (
        serving(application(), port),
        command("capture", walked.directory, "--headless", "--via", via, "--json") as process,
    ):
        until(lambda: len(so_far(walked)) == len(JOURNEY))
        until((walked.model_dir / "openapi.yaml").is_file)
        out, err = interrupt(process)
    assert process.returncode == 0, err
    document = json.loads(out)
    assert document["kept"] == len(JOURNEY)
    assert document["clients"] == {"browser": len(JOURNEY)}
    assert document["messages"] == 4
    assert document["endpoints"] == 14
    assert "understudy run" in document["text"]
    assert "/api/notes/{" in (walked.model_dir / "API.md").read_text()
    (recording,) = walked.recordings_dir.iterdir()
    assert lines(Recording(recording)) == JOURNEY


def test_a_killed_harness_loses_nothing(walked: Project, port: int) -> None:
    with (
        serving(application(), port),
        command("capture", walked.directory, "--headless", "--no-infer") as process,
    ):
        until(lambda: len(so_far(walked)) == len(JOURNEY))
        proxy = proxy_of(process)
        process.kill()
        until(lambda: ended(proxy))
    assert so_far(walked) == JOURNEY
    assert [path.suffix for path in walked.recordings_dir.iterdir()] == [".db"]


def test_a_killed_harness_that_watched_pages_loses_nothing(walked: Project, port: int) -> None:
    options = ["--headless", "--no-infer", "--via", "browser"]
    with (
        serving(application(), port),
        command("capture", walked.directory, *options) as process,
    ):
        until(lambda: len(so_far(walked)) == len(JOURNEY))
        process.kill()
        process.wait()
    assert sorted(so_far(walked)) == sorted(JOURNEY)


def test_a_killed_proxy_is_reported_and_its_recording_closed(walked: Project, port: int) -> None:
    with (
        serving(application(), port),
        command("capture", walked.directory, "--headless", "--no-infer") as process,
    ):
        until(lambda: len(so_far(walked)) == len(JOURNEY))
        os.kill(proxy_of(process), signal.SIGKILL)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 5
    assert "ended unexpectedly" in err
    assert f"{len(JOURNEY)} exchanges are kept" in err
    assert so_far(walked) == JOURNEY
    assert [path.suffix for path in walked.recordings_dir.iterdir()] == [".db"]


def test_clients_of_the_proxy_are_told_apart(project: Project, port: int) -> None:
    with (
        serving(application(), port) as origin,
        command("capture", project.directory, "--proxy-only", "--json") as process,
    ):
        proxy = proxy_address(process)
        for name, agent in (("ada", "x"), ("bob", "x"), ("", "curl/8.1"), ("", "Shop/2 (Phone)")):
            with client(proxy, name, headers={"user-agent": agent}) as sender:
                assert sender.get(f"{origin}/api/status").json() == {"ok": True}
        out, err = interrupt(process)
    assert process.returncode == 0, err
    once = ("ada", "bob", "127.0.0.1 curl", "127.0.0.1 Shop")
    assert json.loads(out)["clients"] == dict.fromkeys(once, 1)
    (recording,) = recorded(project)
    assert [one.client for one in recording] == list(once)
    assert all(one.request.header("proxy-authorization") is None for one in recording)


def test_a_client_that_refuses_our_authority_is_named(
    project: Project, port: int, tmp_path: Path
) -> None:
    options = ["--proxy-only", "--insecure", "--json"]
    with (
        serving(application(), port, self_signed(tmp_path)),
        command("capture", project.directory, *options) as process,
    ):
        with client(proxy_address(process)) as sender, pytest.raises(httpx.ConnectError):
            sender.get(f"https://127.0.0.1:{port}/api/status")
        assert process.stderr is not None
        trust = process.stderr.readline()
        out, err = interrupt(process)
    assert process.returncode == 0, err
    document = json.loads(out)
    assert document["recording"] is None
    (told,) = [note for note in document["notes"] if f"127.0.0.1:{port}" in note]
    assert "--via browser" in told
    authority = project.state_dir / "authority" / "mitmproxy-ca-cert.pem"
    assert f"Clients have to trust {authority}" in trust
    assert list(project.recordings_dir.iterdir()) == []


def test_a_taken_port_is_named(project: Project) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with command(
            "capture", project.directory, "--proxy-only", "--port", port, "--json"
        ) as process:
            out, _ = process.communicate(timeout=60)
    assert process.returncode == 5
    said = json.loads(out)
    assert f"127.0.0.1:{port}" in said["error"]
    assert "--port" in said["do"]
    assert list(project.recordings_dir.iterdir()) == []


def test_an_application_that_is_down_is_named(project: Project, port: int) -> None:
    with command("capture", project.directory, "--headless") as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 5
    assert f"http://127.0.0.1:{port}/ cannot be reached" in err
    assert list(project.recordings_dir.iterdir()) == []


def test_without_a_browser_the_command_to_install_one_is_named(
    project: Project, port: int, tmp_path: Path
) -> None:
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    with (
        serving(application(), port),
        command("capture", project.directory, "--headless", env=environment) as process,
    ):
        _, err = process.communicate(timeout=60)
    assert process.returncode == 5
    assert "There is no browser" in err
    assert install_command() in err
    assert list(project.recordings_dir.iterdir()) == []


def test_a_full_disk_keeps_what_was_recorded(project: Project, port: int) -> None:
    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    with (
        serving(application(), port) as origin,
        command(
            "capture", project.directory, "--proxy-only", "--no-infer", preexec_fn=small_files
        ) as process,
    ):
        with client(proxy_address(process)) as sender:
            while process.poll() is None:
                body = {"email": os.urandom(8000).hex(), "password": "x"}
                try:
                    sender.post(f"{origin}/api/login", json=body)
                except httpx.HTTPError:
                    break
        _, err = process.communicate(timeout=60)
    assert process.returncode == 5
    assert "cannot write the recording" in err
    assert "exchanges are kept in" in err
    assert "Free some disk space" in err
    assert len(so_far(project)) > 3


def test_an_application_that_goes_down_is_named_and_the_rest_kept(
    project: Project, port: int
) -> None:
    options = ["--proxy-only", "--no-infer", "--json"]
    with command("capture", project.directory, *options) as process:
        with client(proxy_address(process)) as sender:
            with serving(application(), port) as origin:
                assert sender.get(f"{origin}/api/status").status_code == 200
            assert sender.get(f"{origin}/api/notes").status_code == 502
        out, err = interrupt(process)
    assert process.returncode == 0, err
    document = json.loads(out)
    assert (document["kept"], document["unanswered"]) == (2, 1)
    assert any(f"127.0.0.1:{port} gave no answer" in note for note in document["notes"])
    assert so_far(project) == ["GET /api/status 200", "GET /api/notes None"]
