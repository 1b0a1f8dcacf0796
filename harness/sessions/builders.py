"""Which builders work on a project, by name."""

from importlib.util import find_spec

from harness.builders import Builder
from harness.builders.claude.launcher import bundled
from harness.builders.claude.settings import Settings, credentials, require_credentials
from harness.builders.offline_session import OfflineBuilder
from harness.errors import UsageError
from harness.project import Project


def builders_for(name: str, project: Project, model: str | None) -> list[Builder]:
    """Return the builders of a name, in the order in which they are tried.

    `auto` is `hybrid` where there is a key and the SDK, else `offline`.
    """
    match name:
        case "offline":
            return [OfflineBuilder()]
        case "claude":
            return [_claude(project, model)]
        case "hybrid":
            return [OfflineBuilder(), _claude(project, model)]
        case "auto":
            able = credentials() is not None and find_spec("claude_agent_sdk") is not None
            return builders_for("hybrid" if able else "offline", project, model)
    raise UsageError(
        f"There is no builder {name}.",
        do="Run with `--builder offline`, `claude`, `hybrid` or `auto`.",
    )


def _claude(project: Project, model: str | None) -> Builder:
    key = require_credentials(
        "The builder claude", "run with `--builder offline`, which needs none."
    )
    bundled()
    from harness.builders.claude.builder import ClaudeBuilder  # noqa: PLC0415 - heavy

    build, budget = project.config.build, project.config.budget
    settings = Settings(
        model=model or build.model,
        first_model=None if model else build.first_model,
        fallback_model=build.fallback_model,
        max_turns=budget.session_turns or Settings.max_turns,
        session_s=budget.session_s or Settings.session_s,
    )
    return ClaudeBuilder(key, settings)
