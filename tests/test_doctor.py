"""What `understudy doctor` says of this machine's protection."""

from pathlib import Path
from typing import Any

import pytest

from harness.doctor import examine, findings_text
from security import sandbox
from security.sandbox import NoSandbox, Protection
from tests.claude.messages_api import Fault, MessagesApi


def finding(name: str, directory: Path) -> dict[str, Any]:
    document = examine(directory)
    return next(item for item in document["findings"] if item["name"] == name)


@pytest.mark.sandbox
def test_protection_is_proved(tmp_path: Path) -> None:
    document = examine(tmp_path)
    text = findings_text(document)

    assert document["ok"], text
    assert "shell guard" in text
    assert "refused when tried: a write outside, a read of a planted secret" in text


def test_without_a_sandbox_nothing_can_be_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none = Protection("bubblewrap", works=False, reason="no bwrap", remedy="Install it.")
    monkeypatch.setattr(sandbox, "protection", lambda: none)
    document = examine(tmp_path)

    assert not document["ok"]
    assert "Install it. Or accept the risk" in findings_text(document)


@pytest.mark.sandbox
def test_a_sandbox_that_does_not_hold_is_no_protection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "Sandbox", NoSandbox)
    said = finding("sandbox", tmp_path)

    assert not said["ok"]
    assert "NOT refused: a read of a planted secret, a connection out" in said["detail"]


def test_what_claude_sessions_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAUDE_CODE_OAUTH_TOKEN", raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", "placeholder")
    with MessagesApi([Fault(status=401)]) as api:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", api.url)
        document = examine(tmp_path, online=True)
    text = findings_text(document)

    assert "claude-agent-sdk 0.2" in text
    assert f"ANTHROPIC_API_KEY is set, for {api.url}" in text
    assert "it answers 401" in text
    assert "placeholder" not in str(document)
    assert api.asked[0]["max_tokens"] == 1


def test_without_a_key_nothing_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAUDE_CODE_OAUTH_TOKEN", raising=False)
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    text = findings_text(examine(tmp_path, online=True))

    assert "no key is set" in text
    assert "there is no key to ask with" in text
