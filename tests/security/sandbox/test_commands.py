"""What a command in the sandbox can do and what comes back of it."""

from pathlib import Path

import pytest

from security.sandbox import Sandbox, SandboxSpec

pytestmark = pytest.mark.sandbox


def test_a_command_runs_in_the_project(tmp_path: Path) -> None:
    with Sandbox(SandboxSpec(root=tmp_path)) as sandbox:
        result = sandbox.run("pwd; echo to stderr >&2; echo kept > file; exit 3")
    assert (result.exit_code, result.stdout, result.stderr) == (3, f"{tmp_path}\n", "to stderr\n")
    assert (tmp_path / "file").read_text() == "kept\n"
