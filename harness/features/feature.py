"""One entry of `feature_list.json`, and the list as a file that is written whole or not at all."""

import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

FILE = "feature_list.json"

Category = Literal["auth", "reading", "writing", "lists", "validation", "errors", "permissions"]


class Acceptance(BaseModel):
    """What decides a feature: exchanges (`recording#seq`) that are exact in the replay.

    For what only the specification names it is tests (`test_file.py::test_name`) that pass.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    recordings: list[str]
    exchanges: list[str]
    tests: list[str] = Field(default=[], exclude_if=lambda tests: not tests)

    @property
    def all(self) -> list[str]:
        return [*self.exchanges, *self.tests]


class Feature(BaseModel):
    """One behaviour of the original. `operation` is None where no operation is behind it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    category: Category
    resource: str
    operation: str | None
    description: str
    steps: list[str]
    passes: bool = False
    acceptance: Acceptance
    depends_on: list[str] = []
    evidence: list[str] = []
    flipped_at: datetime | None = None

    def met_by(self, exact: AbstractSet[str]) -> bool:
        """Whether all that decides it is among the exact exchanges and the tests that pass."""
        return all(name in exact for name in self.acceptance.all)


_features = TypeAdapter(list[Feature])


class FeatureList:
    """The features of a backend in their order, told apart by id."""

    def __init__(self, features: Iterable[Feature]) -> None:
        self._features = {feature.id: feature for feature in features}

    def __iter__(self) -> Iterator[Feature]:
        return iter(self._features.values())

    def __len__(self) -> int:
        return len(self._features)

    def __getitem__(self, feature_id: str) -> Feature:
        return self._features[feature_id]

    def __contains__(self, feature_id: object) -> bool:
        return feature_id in self._features

    @property
    def passing(self) -> frozenset[str]:
        return frozenset(item.id for item in self._features.values() if item.passes)

    @property
    def failing(self) -> list[Feature]:
        return [item for item in self._features.values() if not item.passes]

    def flipped(self, passing: AbstractSet[str], at: datetime) -> "FeatureList":
        """Return the list in which exactly `passing` pass; what changes is stamped with `at`."""
        return FeatureList(
            item
            if item.passes == (item.id in passing)
            else item.model_copy(update={"passes": item.id in passing, "flipped_at": at})
            for item in self._features.values()
        )

    def definition(self) -> str:
        """Return a hash of what the features are, whether they pass or not."""
        bare = self.flipped(frozenset(), datetime.min)  # noqa: DTZ901 - only to blank it
        plain = [item.model_copy(update={"flipped_at": None}) for item in bare]
        return hashlib.sha256(_features.dump_json(plain)).hexdigest()

    def text(self) -> str:
        return _features.dump_json(list(self._features.values()), indent=2).decode() + "\n"

    def write(self, folder: Path) -> None:
        """Write `feature_list.json` into a folder, whole or not at all."""
        write_whole(folder / FILE, self.text())

    @classmethod
    def parse(cls, text: str) -> "FeatureList":
        """Read a list; raise ValueError that names the first thing wrong with it."""
        try:
            features = _features.validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise ValueError(f"{FILE}: {place or 'the document'}: {first['msg']}") from error
        problem = _inconsistency({feature.id: feature for feature in features}, len(features))
        if problem:
            raise ValueError(f"{FILE}: {problem}")
        return cls(features)


def _inconsistency(features: Mapping[str, Feature], written: int) -> str | None:
    if len(features) != written:
        return "an id occurs twice"
    for feature in features.values():
        unknown = [name for name in feature.depends_on if name not in features]
        if unknown:
            return f"{feature.id} depends on {unknown[0]}, which is not in the list"
        if not feature.acceptance.all:
            return f"{feature.id} has an acceptance without exchanges or tests"
    return None


def write_whole(path: Path, text: str) -> None:
    """Replace a file in one step: a reader sees the old text or the new one, never a part."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
