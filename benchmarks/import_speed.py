"""Time and memory of importing a capture: `python benchmarks/import_speed.py CAPTURE.har`."""

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from harness.traffic.importers import ImportReport, import_file, read
from harness.traffic.pseudonyms import Pseudonyms
from harness.traffic.scope import Scope
from harness.traffic.store import Recording

KEY = b"benchmark"


def measured(name: str, work: Callable[[], object], megabytes: float) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    speed = megabytes / cpu
    print(
        f"{name:<28} {cpu:6.2f} s CPU  {wall:6.2f} s  {speed:6.0f} MB/s  {memory:5.0f} MB  {result}"
    )


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    capture = Path(sys.argv[1])
    size = capture.stat().st_size / 1e6
    print(f"{capture.name}: {size:.1f} MB")
    with tempfile.TemporaryDirectory() as directory:
        stored = Path(directory) / "capture.traffic.db"

        def only_read() -> int:
            return sum(1 for _ in read(capture, ImportReport()))

        def with_secrets() -> int:
            return import_file(capture, stored, Scope(), None).kept

        def with_pseudonyms() -> int:
            return import_file(capture, stored, Scope(), Pseudonyms(KEY)).kept

        def read_again() -> int:
            return sum(1 for _ in Recording(stored))

        measured("read the capture", only_read, size)
        measured("import, secrets kept", with_secrets, size)
        measured("import under pseudonyms", with_pseudonyms, size)
        measured("read the recording", read_again, size)
        print(f"recording: {stored.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
