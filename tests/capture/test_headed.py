"""Windows that a person would see: on a display of the test's own."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route

from harness.project import Project
from harness.traffic.store import Recording
from tests.capture.driving import command, interrupt
from tests.capture.serving import serving
from tests.capture.test_command import until

pytestmark = pytest.mark.browser

SIZE = "1024x768"
COLOUR = "#1b5e93"
PAGE = f"""<!doctype html><title>painted</title><body style="background: {COLOUR}"><script>
fetch("/api/shown", {{method: "POST", headers: {{"content-type": "application/json"}},
  body: JSON.stringify({{visibility: document.visibilityState}})}});
</script>"""


async def page(_: Request) -> HTMLResponse:
    return HTMLResponse(PAGE)


async def shown(request: Request) -> JSONResponse:
    return JSONResponse(await request.json(), 201)


PAINTED = Starlette(
    routes=[Route("/", page), Route("/api/shown", shown, methods=["POST"])],
)


@dataclass
class Display:
    name: str
    memory: Path

    def pixels(self, colour: str) -> int:
        """Return how many pixels of the screen have a colour."""
        red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
        return self.memory.read_bytes().count(bytes([blue, green, red]))


@pytest.fixture
def display(tmp_path: Path) -> Iterator[Display]:
    """A display that is nobody else's, with its screen in a file."""
    reading, writing = os.pipe()
    arguments = ["-displayfd", str(writing), "-screen", "0", f"{SIZE}x24", "-nolisten", "tcp"]
    process = subprocess.Popen(
        ["Xvfb", *arguments, "-fbdir", str(tmp_path)],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with contextlib.closing(os.fdopen(reading)) as ready:
        number = ready.readline().strip()
    try:
        assert number, "Xvfb did not start"
        yield Display(f":{number}", tmp_path / "Xvfb_screen0")
    finally:
        process.terminate()
        process.wait(10)


def on(display: str | None) -> dict[str, str]:
    """The environment of somebody who sits at a display, or at none."""
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return kept if display is None else {**kept, "DISPLAY": display}


@pytest.mark.display
@pytest.mark.parametrize("via", ["proxy", "browser"])
def test_the_window_can_be_seen_and_is_recorded(
    project: Project, port: int, display: Display, via: str
) -> None:
    options = ["--as", "ada", "--via", via, "--no-infer", "--json"]
    with (
        serving(PAINTED, port),
        command("capture", project.directory, *options, env=on(display.name)) as process,
    ):
        until(lambda: display.pixels(COLOUR) > 100_000)
        until(lambda: [len(Recording(one.path)) for one in project.recordings()] == [1])
        out, err = interrupt(process)
    assert process.returncode == 0, err
    assert "Close the browser" in err
    assert json.loads(out)["clients"] == {"ada": 1}
    (recording,) = project.recordings()
    (exchange,) = Recording(recording.path)
    agent = exchange.request.header("user-agent") or ""
    assert "Chrome/" in agent
    assert "Headless" not in agent
    assert json.loads(exchange.request.body)["visibility"] == "visible"


@pytest.mark.parametrize("display", [None, ":4294"])
def test_without_a_display_the_ways_to_go_on_are_named(
    project: Project, port: int, display: str | None
) -> None:
    with (
        serving(PAINTED, port),
        command("capture", project.directory, env=on(display)) as process,
    ):
        _, err = process.communicate(timeout=60)
    assert process.returncode == 5, err
    assert "display" in err
    assert "--headless" in err
    assert "xvfb-run" in err
    assert list(project.recordings_dir.iterdir()) == []
