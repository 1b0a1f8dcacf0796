"""Starting the CLI: a script in its place keeps the harness's environment from it."""

import json
import os
import shlex
import stat
import sys
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from harness.builders.claude import contained
from harness.builders.claude.settings import Credentials, Settings
from harness.errors import SetupError
from security.sandbox import inside

_READABLE = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/opt")
_CERTIFICATES = ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
_QUIET = (
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS",
    "DISABLE_TELEMETRY",
    "DISABLE_ERROR_REPORTING",
    "DISABLE_AUTOUPDATER",
)
INSTALL = "uv sync --inexact --extra claude"
_API_TIMEOUT_MS = 300_000
_TOOL_TIMEOUT_MS = 900_000


@dataclass(frozen=True, slots=True)
class Launcher:
    """What the SDK is to start, and the environment that it adds."""

    script: Path
    readable: Path
    """A folder of files for the CLI."""
    environment: dict[str, str] = field(repr=False)


def bundled() -> Path:
    """Return the CLI that comes with the SDK; raise SetupError without one."""
    spec = find_spec("claude_agent_sdk")
    if spec is None or spec.origin is None:
        raise SetupError(
            "claude-agent-sdk is not installed, so the builder claude cannot work.",
            do=f"Install it with `{INSTALL}`, or run with `--builder offline`.",
        )
    path = Path(spec.origin).parent / "_bundled" / "claude"
    if not path.is_file():
        raise SetupError(
            f"claude-agent-sdk came without its CLI ({path}).",
            do=f"Install it again on a platform that it has a wheel for: `{INSTALL}`.",
        )
    return path


def prepare(home: Path, folder: Path, key: Credentials, settings: Settings) -> Launcher:
    """Lay out the CLI's own files below `home`; it may write there and in `folder`."""
    program, home = bundled(), home.absolute()
    config, temporary = home / "config", home / "tmp"
    for path in (config, temporary):
        path.mkdir(parents=True, exist_ok=True)
    fixed = {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TMPDIR": str(temporary),
        "CLAUDE_CONFIG_DIR": str(config),
        "CLAUDE_CODE_TMPDIR": str(temporary),
        "CLAUDE_CODE_MAX_RETRIES": str(settings.retries),
        "API_TIMEOUT_MS": str(_API_TIMEOUT_MS),
        "MCP_TOOL_TIMEOUT": str(_TOOL_TIMEOUT_MS),
        **dict.fromkeys(_QUIET, "1"),
    }
    readable = [*_READABLE, str(program.parent), *_elsewhere()]
    writable = [str(folder.absolute()), str(config), str(temporary)]
    plan = {
        "program": str(program),
        "fixed": fixed,
        "landlock": [str(Path(inside.__path__[0])), readable, writable, ["/dev"]],
    }
    (home / "contained.json").write_text(json.dumps(plan, indent=1), encoding="utf-8")
    return Launcher(_script(home), config, _handed_over(key))


def _elsewhere() -> list[str]:
    """Return files that names and certificates are looked up in, wherever the system has them."""
    named = [os.environ[name] for name in _CERTIFICATES if os.environ.get(name)]
    return [os.path.realpath(path) for path in ("/etc/resolv.conf", "/etc/hosts", *named)]


def _script(home: Path) -> Path:
    words = [sys.executable, "-I", contained.__file__, str(home / "contained.json")]
    script = home / "claude"
    text = f'#!/bin/sh\nexec {" ".join(map(shlex.quote, words))} "$@"\n'
    if not script.is_file() or script.read_text(encoding="utf-8") != text:
        draft = script.with_suffix(f".{os.getpid()}")
        draft.write_text(text, encoding="utf-8")
        draft.chmod(stat.S_IRWXU)
        draft.replace(script)
    return script


def _handed_over(key: Credentials) -> dict[str, str]:
    return {
        "UNDERSTUDY_KEY_NAME": key.variable,
        "UNDERSTUDY_KEY": key.secret,
        "UNDERSTUDY_BASE_URL": key.base_url or "",
    }
