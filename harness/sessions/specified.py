"""Features that only the specification names, and the tests that decide them, frozen."""

import ast
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from harness.builders import Proposal
from harness.features.feature import Acceptance, Feature, FeatureList
from harness.sessions.events import FeatureSpecified

FOLDER = "tests/acceptance"
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_ID = 80
_MOST_TESTS = 20_000
_FORBIDDEN = ("app", "harness", "security", "tests")


class Specified:
    """The features of the specification; `told` gets the event of each new one."""

    def __init__(
        self, events: Sequence[FeatureSpecified], told: Callable[[FeatureSpecified], None]
    ) -> None:
        self._told = told
        self._events = list(events)

    @property
    def features(self) -> list[Feature]:
        return [Feature.model_validate(event.feature) for event in self._events]

    @property
    def files(self) -> dict[str, str]:
        """File names, without their folder, and what the files hold."""
        return {event.file: event.tests for event in self._events}

    def propose(
        self, proposal: Proposal, known: FeatureList, tried: Callable[[dict[str, str]], str]
    ) -> str:
        """Take a feature; return why it cannot be taken, or nothing.

        `tried` says of test files what is wrong with their results as things are.
        """
        taken = {feature.id for feature in self.features}
        if not _ID.fullmatch(proposal.id) or len(proposal.id) > _LONGEST_ID:
            return "the id has to be lower case words with dashes between them"
        if proposal.id in taken or proposal.id in known:
            return f"there is a feature {proposal.id} already"
        try:
            names = test_names(proposal.tests)
        except ValueError as error:
            return str(error)
        file = f"test_{proposal.id.replace('-', '_')}.py"
        feature: dict[str, Any] = {
            "id": proposal.id,
            "category": proposal.category,
            "resource": proposal.resource,
            "operation": None,
            "description": proposal.description,
            "steps": list(proposal.steps),
            "acceptance": Acceptance(
                recordings=[], exchanges=[], tests=[f"{file}::{name}" for name in names]
            ).model_dump(mode="json"),
        }
        try:
            Feature.model_validate(feature)
        except ValidationError as error:
            first = error.errors()[0]
            return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        if wrong := tried({file: proposal.tests}):
            return wrong
        event = FeatureSpecified(feature=feature, file=file, tests=proposal.tests)
        self._events.append(event)
        self._told(event)
        return ""

    def put_back(self, folder: Path) -> list[str]:
        """Make the acceptance tests in a work tree what they were; return what was changed."""
        place, wanted = folder / FOLDER, self.files
        found = _found(place)
        changed = [name for name, text in found.items() if wanted.get(name) != text]
        for name in set(found) - set(wanted):
            (place / name).unlink()
        for name, text in wanted.items():
            if found.get(name) != text:
                place.mkdir(parents=True, exist_ok=True)
                (place / name).write_text(text, encoding="utf-8")
        return changed


def test_names(text: str) -> list[str]:
    """Return the test functions of a file; raise ValueError for one that decides nothing."""
    if len(text) > _MOST_TESTS:
        raise ValueError(f"the tests are longer than {_MOST_TESTS} characters")
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"the tests are no Python: {error}") from error
    for node in ast.walk(tree):
        for name in _imported(node):
            if name.partition(".")[0] in _FORBIDDEN:
                raise ValueError(f"the tests import {name}; test from outside, with `client`")
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    tests = [one for one in functions if one.name.startswith("test_")]
    if not tests:
        raise ValueError("the tests hold no function whose name begins with test_")
    for one in tests:
        if "client" not in [argument.arg for argument in one.args.args]:
            raise ValueError(f"{one.name} does not take the fixture `client`")
        if not any(isinstance(node, ast.Assert | ast.With) for node in ast.walk(one)):
            raise ValueError(f"{one.name} asserts nothing")
    return [one.name for one in tests]


def digest_of(spec: str) -> str:
    return hashlib.sha256(spec.encode()).hexdigest()[:16]


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def _found(place: Path) -> Mapping[str, str]:
    if not place.is_dir():
        return {}
    return {
        path.name: path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(place.glob("*.py"))
        if path.is_file()
    }
