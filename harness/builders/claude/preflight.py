"""What a claude session needs, tried: the SDK with its CLI, a key, and one token of an answer."""

from importlib.metadata import version

import httpx

from harness.builders.claude.launcher import bundled
from harness.builders.claude.settings import Credentials

ADDRESS = "https://api.anthropic.com"
_MODEL = "claude-haiku-4-5"
_TIMEOUT_S = 30.0
_OK = 200


def installed() -> str:
    """Return the versions of SDK and CLI; raise SetupError without them."""
    bundled()
    from claude_agent_sdk._cli_version import __cli_version__ as cli  # noqa: PLC0415 - heavy

    return f"claude-agent-sdk {version('claude-agent-sdk')}, CLI {cli}"


def answer(key: Credentials, model: str | None = None) -> str:
    """Ask for one token; return what went wrong, or nothing."""
    if key.variable == "ANTHROPIC_API_KEY":
        headers = {"x-api-key": key.secret}
    else:
        beta = {"anthropic-beta": "oauth-2025-04-20"}
        headers = {"authorization": f"Bearer {key.secret}", **beta}
    body = {
        "model": model or _MODEL,
        "max_tokens": 1,
        "messages": [{"role": "user", "content": "Say ok."}],
    }
    try:
        said = httpx.post(
            f"{key.base_url or ADDRESS}/v1/messages",
            headers={"anthropic-version": "2023-06-01", **headers},
            json=body,
            timeout=_TIMEOUT_S,
        )
    except httpx.HTTPError as error:
        return f"it cannot be reached: {error}"
    return "" if said.status_code == _OK else f"it answers {said.status_code}: {said.text[:200]}"
