"""How long a decision of the shell guard takes: python -m benchmarks.guard_speed [FILE.jsonl]."""

import json
import statistics
import sys
import time
from pathlib import Path

from security import Context, decide

COMMANDS = Path(__file__).parents[1] / "tests" / "security" / "commands.jsonl"
_ROUNDS = 3


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else COMMANDS
    lines = [json.loads(line)["command"] for line in path.read_text().splitlines()]
    decide("ls")
    print(f"{len(lines)} commands, {_ROUNDS} rounds; milliseconds a decision")
    for name, context in (
        ("without shfmt", Context(second_opinion=False)),
        ("with shfmt", Context()),
    ):
        report(name, [timed(line, context) for _ in range(_ROUNDS) for line in lines])
    allowed = [line for line in lines if decide(line).allowed]
    times = [timed(line, Context()) for _ in range(_ROUNDS) for line in allowed]
    report("with shfmt, allowed ones only", times)


def timed(line: str, context: Context) -> float:
    began = time.perf_counter()
    decide(line, context)
    return (time.perf_counter() - began) * 1000


def report(name: str, times: list[float]) -> None:
    last = statistics.quantiles(times, n=100)[-1]
    print(f"  {name:<32} median {statistics.median(times):.3f}   99 % within {last:.3f}")


if __name__ == "__main__":
    main()
