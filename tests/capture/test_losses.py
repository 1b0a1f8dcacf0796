"""What a capture loses when the disk is full, or when it is killed in the middle of things."""

import asyncio
import json
import os
import resource
import signal
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from harness.project import Project
from harness.traffic.store import Recording
from security.sandbox.bwrap import bwrap
from tests.capture.driving import command
from tests.capture.serving import serving
from tests.capture.test_command import (
    client,
    ended,
    proxy_address,
    proxy_of,
    recorded,
    so_far,
    until,
)

pytestmark = pytest.mark.browser

ENOUGH = 30
PAGE = """<!doctype html><title>busy</title><script>
(async () => {
  for (;;) {
    const text = Array.from({ length: 500 }, () => Math.random().toString(36)).join("");
    const answer = await fetch("/api/items", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text }),
    });
    await answer.json();
    await new Promise((go) => setTimeout(go, 20));
  }
})();
</script>"""


class Counting:
    """An application whose page never rests, and that kills somebody while a request waits."""

    def __init__(self) -> None:
        self.answered = 0
        self.victim: int | None = None
        self.app = Starlette(
            routes=[Route("/api/items", self._make, methods=["POST"]), Route("/", self._page)]
        )

    async def _page(self, _: Request) -> Response:
        return HTMLResponse(PAGE)

    async def _make(self, _: Request) -> Response:
        self.answered += 1
        if self.answered == ENOUGH and self.victim is not None:
            await asyncio.sleep(0.5)
            os.kill(self.victim, signal.SIGKILL)
        return JSONResponse({"id": self.answered}, 201)


def numbers(project: Project) -> list[int]:
    """The ids in the recorded answers."""
    (recording,) = recorded(project)
    bodies = [one.response.body for one in recording if one.response is not None]
    return sorted(json.loads(body)["id"] for body in bodies)


def test_a_page_goes_on_until_the_disk_is_full(project: Project, port: int) -> None:
    counting, options = Counting(), ["--headless", "--no-infer", "--via", "browser"]
    with (
        serving(counting.app, port),
        command("capture", project.directory, *options) as process,
    ):
        until(lambda: len(so_far(project)) > 3)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (300_000, 300_000))
        _, err = process.communicate(timeout=60)
    assert process.returncode == 5, err
    assert "cannot write the recording" in err
    assert "exchanges are kept in" in err
    assert "Free some disk space" in err
    kept = numbers(project)
    assert len(kept) > 3
    assert kept == list(range(1, len(kept) + 1))


@pytest.mark.sandbox
def test_what_fits_on_a_small_disk_is_kept(project: Project, port: int, tmp_path: Path) -> None:
    counting, disk, kept = Counting(), project.recordings_dir, tmp_path / "kept"
    mounted = [bwrap(), "--dev-bind", "/", "/", "--size", "400000", "--tmpfs", str(disk)]
    copied = f'"$@"; code=$?; cp -a {disk} {kept}; exit $code'
    with (
        serving(counting.app, port) as origin,
        command(
            *("capture", project.directory, "--proxy-only", "--no-infer"),
            within=[*mounted, "sh", "-c", copied, "sh"],
        ) as process,
        client(proxy_address(process)) as sender,
    ):
        with suppress(httpx.HTTPError):
            while process.poll() is None:
                sender.post(f"{origin}/api/items", json={"text": os.urandom(4000).hex()})
        _, err = process.communicate(timeout=60)
    assert process.returncode == 5, err
    assert "cannot write the recording" in err
    assert f"exchanges are kept in {disk}" in err
    assert "Free some disk space" in err
    (path,) = kept.glob("*.db")
    ids = [json.loads(one.response.body)["id"] for one in Recording(path) if one.response]
    assert err.count(f"{len(ids)} exchanges are kept") == 1, (len(ids), err)
    assert ids == list(range(1, len(ids) + 1))
    assert len(ids) > 3


@pytest.mark.parametrize("whom", ["harness", "proxy"])
def test_a_killed_proxy_loses_the_exchange_in_flight_at_most(
    project: Project, port: int, whom: str
) -> None:
    counting = Counting()
    with (
        serving(counting.app, port) as origin,
        command("capture", project.directory, "--proxy-only", "--no-infer") as process,
        client(proxy_address(process)) as sender,
    ):
        proxy = proxy_of(process)
        counting.victim = proxy if whom == "proxy" else process.pid
        with suppress(httpx.HTTPError):
            for _ in range(ENOUGH):
                sender.post(f"{origin}/api/items", json={"text": "x"})
        process.wait(60)
        until(lambda: ended(proxy))
    assert counting.answered == ENOUGH
    assert numbers(project)[: ENOUGH - 1] == list(range(1, ENOUGH))


def test_a_killed_harness_loses_what_its_pages_wait_for_at_most(
    project: Project, port: int
) -> None:
    counting, options = Counting(), ["--headless", "--no-infer", "--via", "browser"]
    with (
        serving(counting.app, port),
        command("capture", project.directory, *options) as process,
    ):
        counting.victim = process.pid
        process.wait(60)
    assert counting.answered >= ENOUGH
    assert numbers(project)[: ENOUGH - 1] == list(range(1, ENOUGH))
