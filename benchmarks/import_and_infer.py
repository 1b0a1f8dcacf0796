"""Cost of import and inference together: `python benchmarks/import_and_infer.py CAPTURE.har`.

Both run one after the other in a fresh process, as `understudy import` and `understudy infer` do:
import under pseudonyms, then everything that is learned from the recording. Printed are the CPU
seconds of the steps as the process counts them, and CPU seconds and peak memory of the whole
process, interpreter start and imports included, as the system counts them. With --repeat N there
are N such processes.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")
KEY = b"benchmark" * 4


def measured(capture: Path, folder: Path) -> None:
    """Import and infer in this process; print what the steps cost."""
    from harness.inference.infer import infer  # noqa: PLC0415 - only the measured process pays
    from harness.traffic.importers import import_file  # noqa: PLC0415
    from harness.traffic.pseudonyms import Pseudonyms  # noqa: PLC0415
    from harness.traffic.scope import Scope  # noqa: PLC0415
    from harness.traffic.store import Recording  # noqa: PLC0415

    def timed(step: str, work: Callable[[], Result]) -> Result:
        began = time.process_time()
        result = work()
        print(f"  {step:<8} {time.process_time() - began:6.2f} s CPU", flush=True)
        return result

    stored = folder / "capture.traffic.db"
    report = timed("import", lambda: import_file(capture, stored, Scope(), Pseudonyms(KEY)))
    model = timed("infer", lambda: infer([Recording(stored)]))
    found = (report.kept, len(model.operations), len(model.endpoints))
    print("  {} exchanges, {} operations, {} endpoints".format(*found), flush=True)


def measure(capture: Path) -> None:
    """Run a process that imports and infers; print what the system says it took."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, str(capture), "--into", folder]
        began = time.perf_counter()
        process = subprocess.Popen(command)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.perf_counter() - began
    if process.returncode:
        sys.exit(f"the measured process ended with {process.returncode}")
    cpu = usage.ru_utime + usage.ru_stime
    peak = usage.ru_maxrss / 1024
    print(f"  whole    {cpu:6.2f} s CPU {wall:6.2f} s {peak:5.0f} MB peak")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure import and inference together.")
    parser.add_argument("capture", type=Path, metavar="CAPTURE.har")
    parser.add_argument("--repeat", type=int, default=1, metavar="N")
    parser.add_argument("--into", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.into:
        measured(asked.capture, asked.into)
        return
    print(f"{asked.capture.name}: {asked.capture.stat().st_size / 1e6:.1f} MB")
    for _ in range(asked.repeat):
        measure(asked.capture)


if __name__ == "__main__":
    main()
