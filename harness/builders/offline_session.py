"""Sessions of the offline builder: generate, commit to the generated line, merge.

Generated code has a branch of its own that no person touches. A session generates the resources
built so far and those of its slice, commits the result there, and merges it into the session's
branch. Where a person's edit and the new code disagree, the person's edit stays.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from harness.builders import Outcome, SessionContext
from harness.features.derive import ELSEWHERE
from harness.features.routes import resource_order
from harness.inference.model import ApiModel
from harness.repository import MAIN, GitFailed, Repository, git, merge

GENERATED = "generated"
_TRAILER = "Resources: "
_CHECKS = ("ruff check --no-cache app", 'python -c "import app.main"')

Generate = Callable[[ApiModel, Sequence[str]], Mapping[str, str]]


def generate(model: ApiModel, resources: Sequence[str]) -> Mapping[str, str]:
    from harness.builders.offline import generate as synthesize  # noqa: PLC0415 - heavy templates

    return synthesize(model, resources=list(resources))


class OfflineBuilder:
    """Builds resource by resource from the API model, deterministically and without a network."""

    name = "offline"
    trusted = True
    reads_specifications = False

    def __init__(self, generator: Generate = generate) -> None:
        self._generate = generator

    def initialize(self, session: SessionContext) -> Outcome:
        """Put the skeleton of the backend onto both lines."""
        repository = Repository(session.repository)
        files = self._generate(session.model, [])
        session.record.tool("generate", f"the skeleton, {len(files)} files")
        self._commit(repository, files, [], "Lay out the project")
        return Outcome(self._merge(repository, session))

    def specify(self, session: SessionContext) -> Outcome:  # noqa: ARG002
        """Find nothing: what a specification means is beyond templates."""
        return Outcome("left to a builder that reads", exhausted=True)

    def run(self, session: SessionContext) -> Outcome:
        repository = Repository(session.repository)
        built = built_resources(repository)
        wanted = [item.resource for item in session.slice if item.resource != ELSEWHERE]
        chosen = {*built, *wanted}
        resources = [name for name in resource_order(session.model) if name in chosen]
        resources, files = self._generate_what_works(session, resources, built)
        new = [name for name in resources if name not in built]
        session.record.tool(
            "generate", f"{', '.join(new) or 'everything again'}, {len(files)} files"
        )
        if session.stopping():
            return Outcome("stopped before anything was changed")
        subject = f"Add {', '.join(new)}" if new else "Bring the code up to date"
        self._commit(repository, files, resources, subject)
        merged = self._merge(repository, session)
        if merged:
            check(session)
        return Outcome(merged, exhausted=not merged and not new)

    def _generate_what_works(
        self, session: SessionContext, resources: list[str], built: list[str]
    ) -> tuple[list[str], Mapping[str, str]]:
        """Generate, without the new resources that the synthesizer cannot express."""
        try:
            return resources, self._generate(session.model, resources)
        except Exception as error:  # noqa: BLE001 - whatever it is, the rest can still be built
            session.record.tool("generate", f"failed: {error!r}")
        kept = [name for name in resources if name in built]
        for name in resources:
            if name in built:
                continue
            try:
                self._generate(session.model, [*kept, name])
            except Exception as error:  # noqa: BLE001
                session.record.tool("generate", f"left out {name}: {error!r}")
            else:
                kept.append(name)
        return kept, self._generate(session.model, kept)

    def _commit(
        self,
        repository: Repository,
        files: Mapping[str, str],
        resources: Sequence[str],
        subject: str,
    ) -> None:
        tree, tip = repository.store(files), repository.resolve(GENERATED)
        trailer = _TRAILER + ", ".join(resources)
        if tip and repository.tree(tip) == tree and trailer in repository.message(tip):
            return
        parents = [tip] if tip else []
        message = f"{subject}\n\n{trailer}\n"
        repository.set_branch(GENERATED, repository.commit_tree(tree, parents, message))

    def _merge(self, repository: Repository, session: SessionContext) -> str:
        """Merge the generated line into the session's work tree without committing it."""
        tip = repository.resolve(GENERATED) or ""
        if not _ahead(session.folder, tip):
            return ""
        kept = merge(session.folder, tip, winner="ours")
        for path in kept:
            session.record.tool("merge", f"kept the edit made by hand in {path}")
        subject = repository.message(tip).partition("\n")[0]
        return f"{subject} (edits by hand kept in {', '.join(kept)})" if kept else subject


def check(session: SessionContext) -> None:
    """Try what was merged, as everybody has to who works in a session; the judge has the say."""
    for command in _CHECKS:
        ran = session.shell.run(command)
        said = "ok" if ran.ok else ran.output.strip().rpartition("\n")[2] or "failed"
        session.record.tool("check", f"{command}: {said}")


def _ahead(folder: Path, tip: str) -> bool:
    """Whether the work tree's branch lacks the commit."""
    try:
        git(folder, "merge-base", "--is-ancestor", tip, "HEAD")
    except GitFailed:
        return True
    return False


def built_resources(repository: Repository) -> list[str]:
    """Return the resources whose generated code the main line holds."""
    base = repository.common(MAIN, GENERATED) if repository.resolve(GENERATED) else None
    lines = repository.message(base).splitlines() if base else []
    listed = next((line for line in lines if line.startswith(_TRAILER)), _TRAILER)
    return [name for name in listed.removeprefix(_TRAILER).split(", ") if name]
