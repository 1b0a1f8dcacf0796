"""Becomes the CLI: with the environment it needs and no more, confined, dying with the harness.

Run as `python -I contained.py SETTINGS ARGUMENT...`, where SETTINGS is a JSON file of "program",
"fixed" (environment) and "landlock" (module directory, readable, writable, devices). The SDK hands
down the whole environment of the harness, whatever it is told: what is not listed here ends here.
"""

import ctypes
import json
import os
import signal
import sys
from pathlib import Path

KEPT = (
    *("PATH", "LANG", "PWD", "TMPDIR", "HOME", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"),
    *("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"),
    *("UNDERSTUDY_KEY", "UNDERSTUDY_BASE_URL", "UNDERSTUDY_KEY_NAME"),
    *("CLAUDE_CONFIG_DIR", "CLAUDE_CODE_TMPDIR", "CLAUDE_CODE_ENTRYPOINT"),
    *("CLAUDE_CODE_MAX_RETRIES", "API_TIMEOUT_MS", "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS"),
    *("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_TELEMETRY", "DISABLE_AUTOUPDATER"),
    *("DISABLE_ERROR_REPORTING", "MCP_TOOL_TIMEOUT", "MCP_TIMEOUT"),
)
_PR_SET_PDEATHSIG = 1


def environment(inherited: dict[str, str], fixed: dict[str, str]) -> dict[str, str]:
    """Return the CLI's: what is kept of the inherited, then what the harness fixes."""
    kept = {name: inherited[name] for name in KEPT if name in inherited}
    kept |= fixed
    name, key = kept.pop("UNDERSTUDY_KEY_NAME", ""), kept.pop("UNDERSTUDY_KEY", "")
    if name and key:
        kept[name] = key
    if address := kept.pop("UNDERSTUDY_BASE_URL", ""):
        kept["ANTHROPIC_BASE_URL"] = address
    return kept


def main(settings: str, arguments: list[str]) -> None:
    given = json.loads(Path(settings).read_text(encoding="utf-8"))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() == 1:
            sys.exit("the harness is gone")
    if os.getpgrp() != os.getpid():
        os.setsid()  # Ctrl+C is for the harness, which ends conversations in order
    if given["landlock"]:
        code, readable, writable, devices = given["landlock"]
        sys.path.insert(0, code)
        from landlock import restrict  # type: ignore[import-not-found]  # noqa: PLC0415

        restrict(readable, writable, devices)
    os.execve(  # noqa: S606 - there is no shell
        given["program"],
        [given["program"], *arguments],
        environment(dict(os.environ), given["fixed"]),
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
