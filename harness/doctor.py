"""`understudy doctor`: what works on this machine, tried rather than guessed."""

import platform
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from harness.builders.claude import preflight
from harness.builders.claude.settings import KEYS, credentials
from harness.errors import SetupError
from harness.verify.confined import ACCEPT_RISK

_OLDEST_PYTHON = (3, 11)
_ENOUGH_MB = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. `needed`: without it nothing can be built."""

    name: str
    ok: bool
    detail: str
    needed: bool = True
    remedy: str = ""


def examine(directory: Path | None = None, *, online: bool = False) -> dict[str, Any]:
    """Try everything; `ok` says whether what is needed works."""
    findings = [
        _python(),
        _git(),
        _postgres(),
        _disk(directory or Path.cwd()),
        _guard(),
        _sandbox(),
        _browser(),
        _package("mitmproxy", "live capture", "capture"),
        _sdk(),
        _key(),
        *([_online()] if online else []),
    ]
    return {
        "ok": all(item.ok for item in findings if item.needed),
        "platform": platform.platform(),
        "findings": [asdict(item) for item in findings],
    }


def findings_text(document: dict[str, Any]) -> str:
    """Return the findings for people."""
    lines = []
    for item in document["findings"]:
        mark = "ok" if item["ok"] else ("MISSING" if item["needed"] else "absent")
        lines.append(f"  {mark:<8}{item['name']:<13}{item['detail']}")
        if item["remedy"] and not item["ok"]:
            lines.append(f"  {'':<8}{'':<13}{item['remedy']}")
    return "\n".join(lines)


def _python() -> Finding:
    ok = sys.version_info[:2] >= _OLDEST_PYTHON
    return Finding("python", ok, platform.python_version(), remedy="Install Python 3.11 or newer.")


def _git() -> Finding:
    program = shutil.which("git")
    detail = _output([program, "--version"]) if program else "not found"
    return Finding(
        "git", program is not None, detail, remedy="apt install git, or brew install git"
    )


def _postgres() -> Finding:
    from harness.verify.errors import DatabaseUnavailable  # noqa: PLC0415
    from harness.verify.postgres import PostgresServer  # noqa: PLC0415

    try:
        with PostgresServer() as server:
            server.create_database("doctor")
            server.drop_database("doctor")
            where = "the server of DATABASE_URL" if server.external else "embedded"
    except (DatabaseUnavailable, OSError) as error:
        remedy = "Set DATABASE_URL to a PostgreSQL server on which databases may be created."
        return Finding("postgresql", ok=False, detail=str(error), remedy=remedy)
    return Finding("postgresql", ok=True, detail=f"{where}: started, database made and dropped")


def _disk(directory: Path) -> Finding:
    free = shutil.disk_usage(directory).free // (1 << 20)
    remedy = f"Make room: {_ENOUGH_MB} MB are needed."
    return Finding("disk", free >= _ENOUGH_MB, f"{free} MB free in {directory}", remedy=remedy)


def _sandbox() -> Finding:
    from security.sandbox import Sandbox, protection, prove  # noqa: PLC0415

    found = protection()
    if not found.works:
        remedy = f"{found.remedy} Or accept the risk of running without one: {ACCEPT_RISK}."
        return Finding("sandbox", ok=False, detail=found.reason, remedy=remedy)
    second = f", Landlock {found.landlock}" if found.landlock else ", no Landlock"
    proofs = prove(Sandbox)
    failed = [one.attempt for one in proofs if not one.held]
    verdict = f"NOT refused: {', '.join(failed)}" if failed else "refused when tried"
    tried = ", ".join(one.attempt for one in proofs)
    remedy = "Report this, and run nothing that strangers had a hand in."
    detail = f"{found.kind}{second}; {verdict}{'' if failed else ': ' + tried}"
    return Finding("sandbox", not failed, detail, remedy=remedy)


def _guard() -> Finding:
    from security import second_opinion  # noqa: PLC0415
    from security.guard import checked  # noqa: PLC0415
    from security.policy import PolicyError, digest  # noqa: PLC0415

    remedy = "Install Understudy again."
    try:
        policy = checked()
        agrees = second_opinion.programs("true") == {0: 1}
    except (PolicyError, OSError) as error:
        return Finding("shell guard", ok=False, detail=str(error), remedy=remedy)
    detail = f"policy {policy.version} ({digest()}), its examples hold"
    detail += ", shfmt agrees" if agrees else "; shfmt reads `true` otherwise"
    return Finding("shell guard", agrees, detail, remedy=remedy)


def _browser() -> Finding:
    from harness.capture.finding import find_browser, install_command  # noqa: PLC0415

    try:
        found = find_browser()
    except SetupError:
        remedy = f"{install_command()}; only captures through a browser need it"
        return Finding("browser", ok=False, detail="none", needed=False, remedy=remedy)
    return Finding("browser", ok=True, detail=found, needed=False)


def _package(module: str, use: str, extra: str) -> Finding:
    there = find_spec(module) is not None
    detail = f"{use}: {'installed' if there else 'not installed'}"
    remedy = f"uv sync --inexact --extra {extra}"
    return Finding(extra, there, detail, needed=False, remedy=remedy)


def _sdk() -> Finding:
    try:
        detail = preflight.installed()
    except SetupError as error:
        return Finding("claude", ok=False, detail=error.problem, needed=False, remedy=error.do)
    return Finding("claude", ok=True, detail=detail, needed=False)


def _key() -> Finding:
    key = credentials()
    remedy = f"Set {KEYS[0]} for claude sessions."
    if key is None:
        detail = "no key is set: the offline builder needs none"
        return Finding("key", ok=False, detail=detail, needed=False, remedy=remedy)
    detail = f"{key.variable} is set, for {key.base_url or preflight.ADDRESS}"
    return Finding("key", ok=True, detail=detail, needed=False)


def _online() -> Finding:
    key = credentials()
    said = preflight.answer(key) if key else "there is no key to ask with"
    remedy = "Check the key, the base URL and the network."
    detail = said or "one token was asked for, and came"
    return Finding("api", not said, detail, needed=False, remedy=remedy)


def _output(command: list[str]) -> str:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return (done.stdout or done.stderr).strip()
