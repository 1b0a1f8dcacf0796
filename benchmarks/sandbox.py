"""How much longer a trivial command takes in the sandbox: python -m benchmarks.sandbox."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from security.sandbox import Sandbox, SandboxSpec
from security.sandbox.confine import confined

_ROUNDS = 200
_TARGET_MS = 10.0


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        spec = SandboxSpec(root=Path(place))
        began = time.perf_counter()
        with Sandbox(spec) as sandbox:
            opened_ms = (time.perf_counter() - began) * 1000
            plain = median_ms(lambda: subprocess.run(["sh", "-c", "true"], check=True))
            session = median_ms(lambda: sandbox.run(["sh", "-c", "true"]))
        alone = median_ms(lambda: run_confined(spec))
    print(f"median of {_ROUNDS} times `sh -c true`; milliseconds")
    print(f"  plain                 {plain:6.2f}")
    print(f"  in a session          {session:6.2f}   {session - plain:+.2f}")
    print(f"  confined by itself    {alone:6.2f}   {alone - plain:+.2f}")
    print(f"  (opening a session    {opened_ms:6.2f})")
    if session - plain > _TARGET_MS:
        sys.exit(f"a command in a session takes more than {_TARGET_MS:.0f} ms longer")


def median_ms(action: Callable[[], object]) -> float:
    action()
    times = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        action()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def run_confined(spec: SandboxSpec) -> None:
    inside = confined(["sh", "-c", "true"], spec)
    try:
        subprocess.run(
            inside.argv,
            check=True,
            env={"PATH": os.environ["PATH"], **inside.environment},
            pass_fds=inside.descriptors,
        )
    finally:
        for descriptor in inside.descriptors:
            os.close(descriptor)


if __name__ == "__main__":
    main()
