"""What the command line asks for, checked before anything heavy is loaded."""

from harness.builders.claude.launcher import bundled
from harness.builders.claude.settings import Settings, require_credentials
from harness.capturing import CaptureOptions, require_extra
from harness.project import Project


def chat_command(project: Project, model: str | None, usd: float | None, *, headless: bool) -> str:
    """Run `understudy chat`; return what to say in the end."""
    key = require_credentials("A conversation", "record without one: `understudy capture`.")
    bundled()
    require_extra()
    from harness.chat.chatting import chat  # noqa: PLC0415 - heavy
    from harness.chat.talk import Terms  # noqa: PLC0415

    build, budget = project.config.build, project.config.budget
    settings = Settings(model=model or build.model, fallback_model=build.fallback_model)
    terms = Terms(
        key=key, settings=settings, usd=budget.usd if usd is None else usd, tokens=budget.tokens
    )
    return chat(project, CaptureOptions(headless=headless), terms)
