"""Fakes of the ports, for tests here and for those who write builders of their own."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.builders import Background, Outcome, Proposal, Ran, Recorder, SessionContext
from harness.features.feature import Acceptance, Feature, FeatureList
from harness.inference.model import ApiModel, Operation, ResponseTemplate
from harness.sessions.events import Verified
from harness.sessions.judge import Verdict
from harness.traffic.exchange import Exchange, Request, Response

EXACT_FILE = "exact.txt"


class ManualClock:
    """A clock that moves when it is told to, by `step` seconds each time it is read."""

    def __init__(self, start: float = 1_700_000_000.0, step: float = 0.0) -> None:
        self.now = start
        self.step = step

    def __call__(self) -> float:
        self.now += self.step
        return self.now


class SilentShell:
    """A shell in which every command succeeds without a word; it remembers them."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    def run(self, command: str, *, timeout_s: float = 120.0) -> Ran:
        del timeout_s
        self.commands.append(command)
        return Ran(0, "")


class OpenDesk:
    """A desk at which every feature passes and every proposal is taken; it remembers them."""

    def __init__(self, features: FeatureList) -> None:
        self.features = features
        self.proposed: list[Proposal] = []

    def verify(self, features: Sequence[str]) -> Mapping[str, str]:
        return dict.fromkeys(features, "")

    def propose(self, proposal: Proposal) -> str:
        self.proposed.append(proposal)
        return ""


def session(folder: Path, record: Recorder, **given: Any) -> SessionContext:
    """Return a session in a folder; what is not given is harmless."""
    listed = given.pop("features", FeatureList([]))
    context: dict[str, Any] = {
        "number": 1,
        "repository": folder,
        "model": model(),
        "slice": (),
        "failures": (),
        "shell": SilentShell(),
        "desk": OpenDesk(listed),
        "background": Background(listed, home=folder.parent / "home"),
        "stopping": lambda: False,
        **given,
    }
    return SessionContext(folder=folder, record=record, **context)


Script = Callable[[SessionContext], Outcome]


class ScriptedBuilder:
    """A builder that does what a script says, one step a session; then it has nothing left."""

    name = "scripted"

    def __init__(
        self,
        steps: Iterable[Script],
        *,
        trusted: bool = True,
        specification: Iterable[Proposal] = (),
    ) -> None:
        self._steps = iter(steps)
        self._specification = tuple(specification)
        self.trusted = trusted
        self.reads_specifications = bool(self._specification)
        self.seen: list[SessionContext] = []
        self.refused: list[str] = []

    def specify(self, session: SessionContext) -> Outcome:
        answers = [session.desk.propose(one) for one in self._specification]
        self.refused = [answer for answer in answers if answer]
        return Outcome("read")

    def initialize(self, session: SessionContext) -> Outcome:
        (session.folder / "README.md").write_text("A backend.\n", encoding="utf-8")
        (session.folder / EXACT_FILE).write_text("", encoding="utf-8")
        return Outcome("Lay out the project")

    def run(self, session: SessionContext) -> Outcome:
        self.seen.append(session)
        step = next(self._steps, None)
        return step(session) if step else Outcome("nothing left", exhausted=True)


def makes_exact(*exchanges: str, summary: str = "more") -> Script:
    """Return a step that makes exactly these exchanges match."""

    def step(session: SessionContext) -> Outcome:
        text = "".join(f"{name}\n" for name in exchanges)
        (session.folder / EXACT_FILE).write_text(text, encoding="utf-8")
        return Outcome(summary)

    return step


class FileJudge:
    """A judge that believes the list of exact exchanges in the backend's folder."""

    def __init__(self, exchanges: Iterable[str], failures: Iterable[str] = ()) -> None:
        self._all = frozenset(exchanges)
        self._failures = frozenset(failures)
        self.failed_tests: tuple[str, ...] = ()
        self.looked_up: frozenset[str] = frozenset()
        """Exchanges that are right as recorded only."""

    def accept(self, folder: Path, files: Mapping[str, str]) -> Mapping[str, str]:
        del folder
        return {f"{name}::test": "nothing is built" for name in files}

    def check(self, folder: Path, names: Sequence[str]) -> Mapping[str, str]:
        verdict = self.judge(folder)
        return {name: verdict.mismatches.get(name, "") for name in names}

    def judge(self, folder: Path, *, held_out: bool = False) -> Verdict:
        path = folder / EXACT_FILE
        listed = path.read_text(encoding="utf-8").split() if path.is_file() else []
        exact = frozenset(listed) & self._all
        return Verdict(
            exact=exact,
            succeeded=self._all - self._failures,
            mismatches={name: f"{name}: $ is 1, recorded was 2" for name in self._all - exact},
            failed_tests=self.failed_tests,
            report=verified(len(exact), len(self._all)),
            held_out=exact - self.looked_up if held_out else None,
        )


def verified(exact: int, exchanges: int) -> Verified:
    """Return the report of a replay in which nothing but exactness differs."""
    counts = {"exchanges": exchanges, "status": exchanges, "shape": exchanges, "exact": exact}
    return Verified(
        recordings=[{"name": "rec", **counts}],
        **counts,
        fidelity=exact / exchanges if exchanges else 1.0,
        tests_passed=0,
        tests_failed=0,
        seconds=0.0,
    )


def feature(
    name: str, exchanges: Iterable[str], resource: str = "things", depends_on: Iterable[str] = ()
) -> Feature:
    return Feature(
        id=name,
        category="writing",
        resource=resource,
        operation=name,
        description=name,
        steps=["Send it", "See the answer"],
        acceptance=Acceptance(recordings=["rec"], exchanges=list(exchanges)),
        depends_on=list(depends_on),
    )


def features(shape: Mapping[str, Iterable[str]]) -> FeatureList:
    """Return a list with one feature an exchange: resource -> exchanges."""
    return FeatureList(
        feature(exchange.replace("#", "-"), [exchange], resource)
        for resource, exchanges in shape.items()
        for exchange in exchanges
    )


def operation(
    name: str, method: str, path: str, resource: str, kind: str, **more: Any
) -> Operation:
    """Return an operation that only says what it is, and `more`."""
    return Operation.model_validate(
        {
            "id": name,
            "method": method,
            "path": path,
            "resource": resource,
            "kind": kind,
            "summary": name.replace("_", " ").capitalize(),
            "response": ResponseTemplate(status=200).model_dump(),
            **more,
        }
    )


def exchange(
    seq: int,
    method: str,
    target: str,
    body: Any,
    status: int | None,
    answer: Any,
    headers: Mapping[str, str] | None = None,
) -> Exchange:
    """Return an exchange with JSON bodies; `status` None is one without a response."""
    path, _, query = target.partition("?")
    sent = b"" if body is None else json.dumps(body).encode()
    kind = (("Content-Type", "application/json"),)
    request = Request(
        method, "http", "app.test", path, query, (*kind, *(headers or {}).items()), sent
    )
    received = b"" if answer is None else json.dumps(answer).encode()
    response = None if status is None else Response(status, kind, received)
    return Exchange(seq, request, response, started=1_700_000_000.0 + seq)


def model(*operations: Operation, title: str = "Test") -> ApiModel:
    return ApiModel(title=title, operations=list(operations))
