"""The fidelity report: what `understudy verify` says, as data."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Literal, Self

from pydantic import BaseModel, Field

from harness.verify.replay import Judged, ReplayResult

_SHOWN = 300


class Counts(BaseModel):
    """How many exchanges were judged, and how many agree at each level."""

    exchanges: int
    status: int
    shape: int
    exact: int

    @classmethod
    def of(cls, judged: Iterable[Judged], **extra: str) -> Self:
        items = list(judged)
        return cls(
            exchanges=len(items),
            status=sum(item.status for item in items),
            shape=sum(item.shape for item in items),
            exact=sum(item.exact for item in items),
            **extra,
        )


class RecordingCounts(Counts):
    name: str


class EndpointCounts(Counts):
    endpoint: str


class Mismatch(BaseModel):
    """One difference: `exchange` is `recording#seq`, `path` a place in the response."""

    exchange: str
    endpoint: str
    level: Literal["status", "shape", "exact"]
    path: str
    expected: Any
    actual: Any

    def line(self) -> str:
        """Say it in a line."""
        return (
            f"{self.exchange} {self.endpoint}: {self.path} is {_short(self.actual)}, "
            f"recorded was {_short(self.expected)}"
        )


class Exempt(BaseModel):
    """What is not compared exactly, why, and the exchanges that show it."""

    endpoint: str
    paths: list[str]
    reason: str
    evidence: list[str]


class LeftOutExchange(BaseModel):
    """An exchange that was not played, and why."""

    exchange: str
    endpoint: str
    reason: str


class FidelityReport(BaseModel):
    """How faithful a backend is to recordings. `fidelity` is the share that is exact, 0 to 1."""

    recordings: list[RecordingCounts]
    exchanges: int
    status: int
    shape: int
    exact: int
    fidelity: float
    endpoints: list[EndpointCounts]
    mismatches: list[Mismatch]
    exempt: list[Exempt]
    left_out: list[LeftOutExchange]
    seconds: float = Field(exclude=True)
    """Time spent on the exchanges themselves, of all recordings together."""

    @classmethod
    def of(cls, results: Mapping[str, ReplayResult]) -> Self:
        """Sum up the replays of several recordings, by name."""
        judged = [item for result in results.values() for item in result.judged]
        total = Counts.of(judged)
        return cls(
            recordings=[
                RecordingCounts.of(result.judged, name=name) for name, result in results.items()
            ],
            **total.model_dump(),
            fidelity=total.exact / total.exchanges if total.exchanges else 0.0,
            endpoints=_endpoints(judged),
            mismatches=[item for pair in results.items() for item in _mismatches(*pair)],
            exempt=[item for pair in results.items() for item in _exempt(*pair)],
            left_out=[
                LeftOutExchange(
                    exchange=f"{name}#{item.seq}", endpoint=item.endpoint, reason=item.reason
                )
                for name, result in results.items()
                for item in result.left_out
            ],
            seconds=sum(result.seconds for result in results.values()),
        )


def _endpoints(judged: list[Judged]) -> list[EndpointCounts]:
    by_endpoint: dict[str, list[Judged]] = defaultdict(list)
    for item in judged:
        by_endpoint[item.endpoint].append(item)
    return [
        EndpointCounts.of(items, endpoint=endpoint)
        for endpoint, items in sorted(by_endpoint.items())
    ]


def _mismatches(name: str, result: ReplayResult) -> Iterable[Mismatch]:
    for item in result.judged:
        for difference in item.differences:
            yield Mismatch(
                exchange=f"{name}#{item.seq}",
                endpoint=item.endpoint,
                level=difference.level,
                path=difference.path,
                expected=difference.expected,
                actual=difference.actual,
            )


def _exempt(name: str, result: ReplayResult) -> Iterable[Exempt]:
    for item in result.exempt:
        yield Exempt(
            endpoint=item.endpoint,
            paths=sorted(item.paths),
            reason=item.reason,
            evidence=[f"{name}#{seq}" for seq in item.exchanges],
        )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
