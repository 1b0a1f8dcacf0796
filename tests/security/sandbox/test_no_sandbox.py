"""No sandbox, on request: what still holds."""

import os
import resource
from pathlib import Path

import pytest

from security.sandbox import Limits, NoSandbox, SandboxSpec
from tests.security.sandbox.running import new_mark, running, wait_for

pytestmark = pytest.mark.sandbox


def test_commands_run_with_a_clean_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "key-of-the-harness")
    with NoSandbox(SandboxSpec(root=tmp_path, environment={"NAMED": "yes"})) as session:
        result = session.run("pwd; echo $NAMED $ANTHROPIC_API_KEY; id -u; exit 3")
    assert result.stdout.split() == [str(tmp_path), "yes", str(os.geteuid())]
    assert result.exit_code == 3


def test_everything_ends_with_it(tmp_path: Path) -> None:
    mark = new_mark()
    with NoSandbox(SandboxSpec(root=tmp_path)) as session:
        session.run(f"sleep {mark} & setsid sleep {mark} & (setsid setsid sleep {mark} &)")
        assert wait_for(mark, 3) == 3
    assert running(mark) == 0


def test_timeouts_and_limits_hold(tmp_path: Path) -> None:
    limits = Limits(file_bytes=1 << 20, output_bytes=100, processes=20)
    with NoSandbox(SandboxSpec(root=tmp_path, limits=limits)) as session:
        late = session.run("sleep 1000 | sleep 1000", timeout_s=0.5)
        assert (late.timed_out, late.exit_code) == (True, 137)
        assert session.run("head -c 2000000 /dev/zero > big").exit_code == 128 + 25
        assert session.run("yes | head -c 1000").truncated
        many = session.run("for i in $(seq 30); do sleep 30 & done; wait", timeout_s=10)
        assert many.exceeded == "processes"
        assert session.run("echo still here").stdout == "still here\n"


def test_other_processes_of_the_user_do_not_count(tmp_path: Path) -> None:
    with NoSandbox(SandboxSpec(root=tmp_path)) as session:
        assert session.run("ulimit -u").stdout.strip() == _own_limit()


def test_its_scratch_place_is_removed(tmp_path: Path) -> None:
    with NoSandbox(SandboxSpec(root=tmp_path)) as session:
        place = Path(session.run("touch $TMPDIR/file; echo $HOME").stdout.strip())
        assert place.is_dir()
    assert not place.exists()


def _own_limit() -> str:
    soft, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    return "unlimited" if soft == resource.RLIM_INFINITY else str(soft)
