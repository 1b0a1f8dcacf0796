"""What a capture has brought to light until now: exchanges, operations, spec.md."""

import json
from pathlib import Path

import msgspec

from harness.builders.claude import traffic
from harness.capturing import Running
from harness.inference.documents import descriptions
from harness.traffic.exchange import Exchange
from harness.traffic.framings.recordings import TranslatedRecording


class Known(msgspec.Struct):
    """An operation as far as it is known."""

    method: str
    path: str
    count: int
    summary: str = ""
    tags: list[str] = []

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def line(self) -> str:
        tags = f" [{', '.join(self.tags)}]" if self.tags else ""
        return f"{self.name} ({self.count} times){': ' if self.summary else ''}{self.summary}{tags}"


class Knowledge:
    """Reads what the capture writes, and adds what is said of it."""

    def __init__(self, running: Running) -> None:
        self.project = running.project
        self._path = Path(running.session.wishes.plan.path)
        self._inference = running.inference

    @property
    def recording(self) -> TranslatedRecording:
        return TranslatedRecording(self._path)

    def flows(self) -> list[tuple[str, Exchange]]:
        """Return the exchanges until now, with their names."""
        return list(traffic.found([self.recording], traffic.Query()))

    async def operations(self) -> list[Known]:
        """Return the operations of all recordings, this one as it is now."""
        if self._inference is not None:
            await self._inference.refresh()
        return self.known()

    async def operation(self, name: str) -> Known | None:
        """Return the operation that is meant, whatever its parameters are called."""
        return _named(name, self.known()) or _named(name, await self.operations())

    def known(self) -> list[Known]:
        """Return the operations as they were inferred last."""
        path = self.project.model_dir / "model.json"
        if not path.is_file():
            return []
        model = json.loads(path.read_bytes())
        inferred = {f"{one['method']} {one['path']}": one for one in model["operations"]}
        known = []
        for endpoint in model["endpoints"]:
            one = Known(endpoint["method"], endpoint["path"], endpoint.get("count", 0))
            if found := inferred.get(one.name):
                one.summary, one.tags = found["summary"], [found["resource"]]
            known.append(one)
        for entry in descriptions.read(self.project.descriptions_path):
            for one in known:
                if entry.key == descriptions.key_of(one.name):
                    one.summary, one.tags = entry.summary or one.summary, entry.tags or one.tags
        return sorted(known, key=lambda one: (one.path, one.method))

    def spec(self) -> str:
        path = self.project.spec_path
        return path.read_text(encoding="utf-8") if path.is_file() else ""

    def describe(self, entry: descriptions.Description) -> None:
        """Keep what is said of an operation; the documents are written again."""
        descriptions.append(self.project.descriptions_path, entry)
        self._written()

    def extend_spec(self, text: str) -> None:
        before = self.spec().rstrip() or f"# {self.project.title}"
        self.project.spec_path.write_text(f"{before}\n\n{text.strip()}\n", encoding="utf-8")
        self._written()

    def _written(self) -> None:
        if self._inference is not None:
            self._inference.touch()


def _named(name: str, known: list[Known]) -> Known | None:
    key = descriptions.key_of(name)
    return next((one for one in known if descriptions.key_of(one.name) == key), None)
