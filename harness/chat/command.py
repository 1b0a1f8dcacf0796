"""What the command line asks for, checked before anything heavy is loaded."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.builders.claude.launcher import bundled
from harness.builders.claude.settings import Settings, require_credentials
from harness.capturing import CaptureOptions, require_extra
from harness.project import Project

if TYPE_CHECKING:
    from harness.chat.talk import Terms

_EXPLORING_TURNS = 100


def chat_command(project: Project, model: str | None, usd: float | None, *, headless: bool) -> str:
    """Run `understudy chat`; return what to say in the end."""
    terms = _terms(project, model, usd, "record without one: `understudy capture`.")
    from harness.chat.chatting import chat  # noqa: PLC0415 - heavy

    return chat(project, CaptureOptions(headless=headless), terms)


def intent_command(project: Project, options: CaptureOptions) -> dict[str, Any]:
    """Run `understudy capture --explore INTENT`; return what `capture` says."""
    terms = _terms(project, None, None, "say --explore alone, which needs none.")
    from harness.chat.intent import explore_with_intent  # noqa: PLC0415 - heavy

    turns = project.config.budget.session_turns or _EXPLORING_TURNS
    settings = replace(terms.settings, max_turns=turns)
    return explore_with_intent(project, options, replace(terms, settings=settings))


def _terms(project: Project, model: str | None, usd: float | None, otherwise: str) -> "Terms":
    key = require_credentials("A conversation with a model", otherwise)
    bundled()
    require_extra()
    from harness.chat.talk import Terms  # noqa: PLC0415 - heavy

    build, budget = project.config.build, project.config.budget
    settings = Settings(model=model or build.model, fallback_model=build.fallback_model)
    usd = budget.usd if usd is None else usd
    return Terms(key=key, settings=settings, usd=usd, tokens=budget.tokens)
