"""What the command line asks for, checked before anything heavy is loaded."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.capturing import CaptureOptions, capture, require_extra
from harness.errors import UsageError
from harness.project import Project

if TYPE_CHECKING:
    from harness.chat.talk import Terms

_EXPLORING_TURNS = 100


def chat_command(
    project: Project, options: CaptureOptions, model: str | None, usd: float | None
) -> str:
    """Run `understudy chat`; return what to say in the end."""
    terms = _terms(project, model, usd, "record without one: `understudy capture`.")
    from harness.chat.chatting import chat  # noqa: PLC0415 - heavy

    return chat(project, options, terms)


def capture_command(
    project: Project, options: CaptureOptions, model: str | None, usd: float | None
) -> dict[str, Any]:
    """Run `understudy capture`; return what it says."""
    if options.intent:
        return _explore(project, options, model, usd)
    if model is not None or usd is not None:
        raise UsageError(
            "--model and --budget-usd are for a model, and none works here.",
            do='Leave them out, or say what it is to explore for: --explore "INTENT".',
        )
    return capture(project, options)


def _explore(
    project: Project, options: CaptureOptions, model: str | None, usd: float | None
) -> dict[str, Any]:
    terms = _terms(project, model, usd, "say --explore alone, which needs none.")
    from harness.chat.intent import explore_with_intent  # noqa: PLC0415 - heavy

    turns = project.config.budget.session_turns or _EXPLORING_TURNS
    settings = replace(terms.settings, max_turns=turns)
    return explore_with_intent(project, options, replace(terms, settings=settings))


def _terms(project: Project, model: str | None, usd: float | None, otherwise: str) -> "Terms":
    from harness.builders.claude.launcher import bundled  # noqa: PLC0415 - heavy
    from harness.builders.claude.settings import Settings, require_credentials  # noqa: PLC0415

    key = require_credentials("A conversation with a model", otherwise)
    bundled()
    require_extra()
    from harness.chat.talk import Terms  # noqa: PLC0415 - heavy

    build, budget = project.config.build, project.config.budget
    settings = Settings(model=model or build.model, fallback_model=build.fallback_model)
    usd = budget.usd if usd is None else usd
    return Terms(key=key, settings=settings, usd=usd, tokens=budget.tokens)
