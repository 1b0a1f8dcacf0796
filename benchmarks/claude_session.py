"""What a session costs over a bare one of the SDK: python -m benchmarks.claude_session.

Both ask a scripted model on loopback twice, with one tool in between; memory is the peak of the
process that asks, without the CLI's.
"""

import asyncio
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.claude.messages_api import MessagesApi, say, use

_ROUNDS = 7
_MOST_S = 1.0
_MOST_MB = 60.0


def main() -> None:
    if len(sys.argv) > 1:
        measure(sys.argv[1])
        return
    bare, ours = run("bare"), run("ours")
    print(f"medians of {_ROUNDS} sessions of two turns")
    print(f"  bare SDK   {bare[0]:6.2f} s  {bare[1]:6.1f} MB")
    print(f"  ours       {ours[0]:6.2f} s  {ours[1]:6.1f} MB")
    more_s, more_mb = ours[0] - bare[0], ours[1] - bare[1]
    print(f"  more       {more_s:6.2f} s  {more_mb:6.1f} MB")
    if more_s > _MOST_S or more_mb > _MOST_MB:
        sys.exit(f"the harness costs more than {_MOST_S} s or {_MOST_MB} MB")


def run(which: str) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.claude_session", which]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, megabytes = done.stdout.split()
    return float(seconds), float(megabytes)


def measure(which: str) -> None:
    times = []
    for _ in range(_ROUNDS):
        with (
            tempfile.TemporaryDirectory() as place,
            MessagesApi([use("Read", file_path="app/main.py"), say("done")]) as api,
        ):
            folder = Path(place) / "session"
            (folder / "app").mkdir(parents=True)
            (folder / "app/main.py").write_text("x = 1\n")
            began = time.perf_counter()
            if which == "bare":
                asyncio.run(bare(api, folder))
            else:
                from tests.claude.conftest import Desk  # noqa: PLC0415 - counts as ours

                Desk(folder).run(api)
            times.append(time.perf_counter() - began)
            assert len(api.asked) == 2
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(statistics.median(times), peak)


async def bare(api: MessagesApi, folder: Path) -> None:
    from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient  # noqa: PLC0415

    options = ClaudeAgentOptions(
        cwd=folder,
        tools=["Read"],
        allowed_tools=["Read"],
        setting_sources=[],
        env={
            "ANTHROPIC_API_KEY": "placeholder",
            "ANTHROPIC_BASE_URL": api.url,
            "CLAUDE_CONFIG_DIR": str(folder.parent / "config"),
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "DISABLE_AUTOUPDATER": "1",
        },
    )
    async with ClaudeSDKClient(options) as client:
        await client.query("Look at app/main.py.")
        async for _ in client.receive_response():
            pass


if __name__ == "__main__":
    main()
