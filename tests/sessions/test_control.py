import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.sessions.control import Control, StopNow, request_pause
from harness.sessions.lock import RunLock, process_mark

HOLD = """
import sys, time
from pathlib import Path
from harness.sessions.lock import RunLock
with RunLock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_first_signal_drains_and_the_second_stops(tmp_path: Path) -> None:
    control, usual = Control(tmp_path / "pause"), signal.getsignal(signal.SIGINT)
    with control.signals():
        assert not control.stopping()
        os.kill(os.getpid(), signal.SIGINT)
        assert control.stopping()
        assert control.source == "Ctrl+C"
        with pytest.raises(StopNow):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is usual


def test_a_request_from_elsewhere_is_seen_and_gone_afterwards(tmp_path: Path) -> None:
    control = Control(tmp_path / "state" / "pause")
    with control.signals():
        request_pause(tmp_path / "state" / "pause")
        assert control.stopping()
        assert control.source == "understudy pause"
    assert not (tmp_path / "state" / "pause").exists()


def test_a_request_to_an_earlier_run_does_not_stop_this_one(tmp_path: Path) -> None:
    request_pause(tmp_path / "pause")
    control = Control(tmp_path / "pause")
    with control.signals():
        assert not control.stopping()


def test_two_runs_exclude_each_other_and_a_killed_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UsageError, match=f"Process {holder.pid} runs"), RunLock(path):
            pass
        holder.kill()
    with RunLock(path):
        assert path.read_text() == str(os.getpid())


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        mark = process_mark(child.pid)
        assert mark is not None
        assert mark != process_mark(os.getpid())
        child.kill()
    assert process_mark(child.pid) is None
