"""Latency and memory of a capture through the proxy.

`python benchmarks/capture_speed.py latency [REQUESTS]` compares with mitmdump writing flows, in
turns; `python benchmarks/capture_speed.py memory [EXCHANGES]` samples the recorder's memory.
"""

import asyncio
import contextlib
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from harness.capture.messages import Plan, Ready, Settings, decode_message, encode
from harness.traffic.store import Recording

ROUNDS = 6
WARM = 200
CLIENTS = 4
CREDENTIALS = "Bearer 4f1c2a9b8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a"
BODY = b'{"title": "Something new", "price": 12, "tags": ["a", "b"]}'


@contextlib.contextmanager
def origin() -> Iterator[int]:
    program = [sys.executable, str(Path(__file__).with_name("origin.py"))]
    with subprocess.Popen(program, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@contextlib.contextmanager
def ours(folder: Path, host: str) -> Iterator[tuple[int, int]]:
    """Our proxy; its port and its process id."""
    plan = Plan(str(folder / "ours.traffic.db"), hosts=[host], pseudonym_key=b"benchmark")
    program = [sys.executable, "-m", "harness.capture.proxy"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(encode(Settings(plan, str(folder / "authority"))) + b"\n")
        process.stdin.flush()
        ready = decode_message(process.stdout.readline())
        assert isinstance(ready, Ready)
        threading.Thread(target=process.stdout.read, daemon=True).start()
        try:
            yield ready.ports[0], process.pid
        finally:
            process.stdin.close()
            process.wait()


@contextlib.contextmanager
def mitmdump(folder: Path) -> Iterator[tuple[int, int]]:
    port = 20_000 + int(time.time()) % 20_000
    program = [str(Path(sys.executable).with_name("mitmdump")), "-q", "-w", str(folder / "flows")]
    program += ["--listen-host", "127.0.0.1", "-p", str(port)]
    program += ["--set", f"confdir={folder / 'authority'}"]
    with subprocess.Popen(program) as process:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError):
                http.client.HTTPConnection("127.0.0.1", port).connect()
                break
            time.sleep(0.1)
        try:
            yield port, process.pid
        finally:
            process.terminate()


def latencies(proxy: int, host: str, count: int) -> list[float]:
    """Milliseconds of each of so many requests, one after the other over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy)
    taken = []
    for number in range(count):
        method, body = ("POST", BODY) if number % 4 == 0 else ("GET", None)
        headers = {"Authorization": CREDENTIALS, "Content-Type": "application/json"}
        began = time.perf_counter()
        connection.request(method, f"http://{host}/items/{number}", body, headers)
        connection.getresponse().read()
        taken.append((time.perf_counter() - began) * 1000)
    connection.close()
    return taken


def latency(requests: int) -> None:
    with tempfile.TemporaryDirectory() as name, origin() as port:
        folder, host = Path(name), f"127.0.0.1:{port}"
        with mitmdump(folder) as (theirs, their_pid), ours(folder, host) as (mine, my_pid):
            for proxy in (theirs, mine):
                latencies(proxy, host, WARM)
            taken: dict[str, list[float]] = {"direct": [], "mitmdump -w": [], "capture": []}
            for _ in range(ROUNDS):
                for label, proxy in zip(taken, (port, theirs, mine), strict=True):
                    taken[label] += latencies(proxy, host, requests // ROUNDS)
            spent = {"mitmdump -w": cpu_s(their_pid), "capture": cpu_s(my_pid)}
    for label, found in taken.items():
        found.sort()
        print(
            f"{label:<12} median {statistics.median(found):6.3f} ms  "
            f"mean {statistics.fmean(found):6.3f} ms  95 % {found[len(found) * 95 // 100]:6.3f} ms"
            + (f"  CPU {spent[label]:5.1f} s" if label in spent else "")
        )
    for name, of in (("median", statistics.median), ("mean", statistics.fmean)):
        bare, captured = of(taken["mitmdump -w"]), of(taken["capture"])
        print(f"capture against mitmdump -w: {captured / bare - 1:+.1%} ({name})")


def cpu_s(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


async def drive(proxy: int, host: str, numbers: Iterator[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy)
    for number in numbers:
        head = f"GET http://{host}/items/{number} HTTP/1.1\r\nHost: {host}\r\n"
        writer.write(f"{head}Authorization: {CREDENTIALS}\r\n\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        size = answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(size))
    writer.close()


async def drive_all(proxy: int, host: str, pid: int, count: int) -> None:
    began, step = time.perf_counter(), max(count // 10, 1)
    for start in range(0, count, step):
        numbers = iter(range(start, min(start + step, count)))
        await asyncio.gather(*(drive(proxy, host, numbers) for _ in range(CLIENTS)))
        done = start + step
        speed = done / (time.perf_counter() - began)
        print(f"{done:>8} exchanges  {resident_mb(pid):6.1f} MB  {speed:5.0f}/s", flush=True)


def memory(exchanges: int) -> None:
    with tempfile.TemporaryDirectory() as name, origin() as port:
        folder, host = Path(name), f"127.0.0.1:{port}"
        with ours(folder, host) as (proxy, pid):
            print(f"{0:>8} exchanges  {resident_mb(pid):6.1f} MB")
            asyncio.run(drive_all(proxy, host, pid, exchanges))
        stored = folder / "ours.traffic.db"
        size = stored.stat().st_size / 1e6
        print(f"recorded: {len(Recording(stored))} exchanges, {size:.1f} MB on disk")


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in ("latency", "memory"):
        sys.exit(__doc__)
    if sys.argv[1] == "latency":
        latency(int(sys.argv[2]) if len(sys.argv) > 2 else 6000)
    else:
        memory(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)


if __name__ == "__main__":
    main()
