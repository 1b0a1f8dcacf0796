"""The commands, nothing else: each parses its arguments, calls one function and prints.

Nothing heavy is imported here: `understudy --help` answers at once, and each command imports what
it needs.
"""

import json
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.errors import EXIT_BUDGET, EXIT_BUG, EXIT_OK, EXIT_SETUP, UnderstudyError, UsageError
from harness.optional_values import OptionalValues

if TYPE_CHECKING:
    from harness.project import Project

_INTERRUPTED = 130

app = typer.Typer(
    help="Learn the backend of a web application from its traffic, and play its part.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="The project directory.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
AcceptRisk = Annotated[
    bool,
    typer.Option(
        "--no-sandbox-i-accept-the-risk", help="Run what is generated with all your rights."
    ),
]
Profiles = Annotated[
    list[str] | None,
    typer.Option("--as", metavar="NAME", help="A window for this user; repeat for more."),
]
Headless = Annotated[bool, typer.Option("--headless", help="A browser without windows.")]
KeepSecrets = Annotated[
    bool, typer.Option("--keep-secrets", help="Store tokens and passwords as they are.")
]
BudgetUsd = Annotated[float | None, typer.Option(min=0, help="US dollars.")]
ModelName = Annotated[
    str | None, typer.Option("--model", metavar="MODEL", help="The model of claude sessions.")
]
BuilderName = Annotated[
    str | None, typer.Option("--builder", metavar="NAME", help="offline, claude, hybrid, or auto.")
]


def _open(directory: Path) -> "Project":
    from harness.project import Project  # noqa: PLC0415

    return Project.open(directory)


def _say(document: Any, text: str, *, as_json: bool) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False) if as_json else text)


@app.command(epilog="Example: understudy new shop --url https://shop.example --spec shop.md")
def new(
    directory: Directory,
    url: Annotated[str | None, typer.Option(help="Where the original is.")] = None,
    spec: Annotated[Path | None, typer.Option(help="What it is, in words (Markdown).")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Make a project directory."""
    from harness.project import Project  # noqa: PLC0415

    project = Project.create(directory, url, spec)
    text = (
        f"{directory} is a project now. Bring traffic in: understudy import {directory} FILE "
        "(a HAR or mitmproxy flow file)."
    )
    _say({"directory": str(project.directory), "title": project.title}, text, as_json=as_json)


@app.command("import", epilog="Example: understudy import shop session.har admin.flows")
def import_(
    directory: Directory,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="HAR or flow files.")],
    *,
    keep_secrets: KeepSecrets = False,
    as_json: AsJson = False,
) -> None:
    """Make recordings from HAR or flow files, secrets replaced by stand-ins."""
    from harness.importing import describe, import_files  # noqa: PLC0415

    reports = import_files(_open(directory), files, keep_secrets=keep_secrets)
    text = "\n".join(describe(report) for report in reports)
    _say({"recordings": [item.as_dict() for item in reports]}, text, as_json=as_json)


@app.command(cls=OptionalValues, epilog="Example: understudy capture shop --as alice --as bob")
def capture(
    directory: Directory,
    via: Annotated[
        str, typer.Option(metavar="WAY", help="proxy, or browser: from inside the pages.")
    ] = "proxy",
    profiles: Profiles = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The proxy's; 0 takes a free one.")
    ] = 0,
    listen: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Where the proxy listens.")
    ] = "127.0.0.1",
    login: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Explore as this user; password: UNDERSTUDY_PASSWORD."),
    ] = None,
    explore: Annotated[
        str | None,
        typer.Option(
            metavar="[INTENT]", help="Explore by itself; with a key, as a model does for INTENT."
        ),
    ] = None,
    model: ModelName = None,
    budget_usd: BudgetUsd = None,
    *,
    proxy_only: Annotated[
        bool, typer.Option("--proxy-only", help="Open no browser; clients use the proxy.")
    ] = False,
    headless: Headless = False,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Accept any certificate of the application.")
    ] = False,
    keep_secrets: KeepSecrets = False,
    no_infer: Annotated[
        bool, typer.Option("--no-infer", help="Do not infer the API model meanwhile.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Record a running application while it is used; Ctrl+C or closing the browser ends it."""
    from harness.capturing import CaptureOptions, way  # noqa: PLC0415
    from harness.chat.command import capture_command  # noqa: PLC0415

    options = CaptureOptions(
        via=way(via),
        proxy_only=proxy_only,
        headless=headless,
        port=port,
        listen=listen,
        profiles=profiles or (),
        insecure=insecure,
        keep_secrets=keep_secrets,
        infer=not no_infer,
        explore=explore is not None,
        intent=(explore or "").strip(),
        login=login,
    )
    document = capture_command(_open(directory), options, model, budget_usd)
    _say(document, document["text"], as_json=as_json)
    if document.get("intent", {}).get("outcome") == "budget":
        raise typer.Exit(EXIT_BUDGET)


@app.command(epilog="Example: understudy chat shop --budget-usd 2")
def chat(
    directory: Directory,
    profiles: Profiles = None,
    model: ModelName = None,
    budget_usd: BudgetUsd = None,
    *,
    headless: Headless = False,
) -> None:
    """Record while you and a model use and describe the application together."""
    from harness.capturing import CaptureOptions  # noqa: PLC0415
    from harness.chat.command import chat_command  # noqa: PLC0415

    options = CaptureOptions(headless=headless, profiles=profiles or ())
    typer.echo(chat_command(_open(directory), options, model, budget_usd))


@app.command(epilog="Example: understudy infer shop")
def infer(directory: Directory, *, as_json: AsJson = False) -> None:
    """Infer the API model: model/openapi.yaml, API.md, model.json."""
    from harness.sessions.learning import describe_model, relearn  # noqa: PLC0415

    project = _open(directory)
    document = describe_model(relearn(project), project)
    _say(document, document["text"], as_json=as_json)


@app.command(epilog='Example: understudy explain shop "POST /api/orders"')
def explain(
    directory: Directory,
    what: Annotated[str, typer.Argument(metavar="WHAT", help="An endpoint, entity or field.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Say what is believed about an endpoint, entity or field, and why."""
    from harness.inference.explain.explaining import explain as explain_model  # noqa: PLC0415
    from harness.inference.explain.explaining import render  # noqa: PLC0415
    from harness.sessions.learning import learn  # noqa: PLC0415

    explanation = explain_model(learn(_open(directory)), what)
    _say({"what": what, **explanation.model_dump()}, render(explanation), as_json=as_json)


@app.command(epilog="Example: understudy run shop --max-sessions 5")
def run(
    directory: Directory,
    builder: BuilderName = None,
    max_sessions: Annotated[int | None, typer.Option(min=1, help="Coding sessions.")] = None,
    max_features: Annotated[int | None, typer.Option(min=1, help="New features.")] = None,
    budget_usd: BudgetUsd = None,
    budget_tokens: Annotated[int | None, typer.Option(min=1, help="Tokens.")] = None,
    budget_seconds: Annotated[float | None, typer.Option(min=0, help="Wall time.")] = None,
    *,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin a new backend; the old one is set aside.")
    ] = False,
    model: ModelName = None,
    accept_risk: AcceptRisk = False,
    as_json: AsJson = False,
) -> None:
    """Build and verify the backend in sessions, until every feature passes."""
    from harness.sessions.command import Wishes, run_command  # noqa: PLC0415

    wishes = Wishes(
        builder=builder,
        max_sessions=max_sessions,
        max_features=max_features,
        usd=budget_usd,
        tokens=budget_tokens,
        wall_s=budget_seconds,
        fresh=fresh,
        model=model,
        accept_risk=accept_risk,
    )
    raise typer.Exit(run_command(_open(directory), wishes, as_json=as_json))


@app.command(epilog="Example: understudy resume shop")
def resume(
    directory: Directory,
    builder: BuilderName = None,
    *,
    continue_session: Annotated[
        bool, typer.Option("--continue-session", help="Take an interrupted conversation up again.")
    ] = False,
    model: ModelName = None,
    accept_risk: AcceptRisk = False,
    as_json: AsJson = False,
) -> None:
    """Go on with a run that was paused, killed or out of budget."""
    from harness.sessions.command import Wishes, run_command  # noqa: PLC0415

    wishes = Wishes(
        builder=builder,
        resume=True,
        model=model,
        continue_session=continue_session,
        accept_risk=accept_risk,
    )
    raise typer.Exit(run_command(_open(directory), wishes, as_json=as_json))


@app.command(epilog="Example: understudy pause shop")
def pause(directory: Directory, *, as_json: AsJson = False) -> None:
    """Ask the run to stop when its session is verified; nothing is lost."""
    from harness.sessions.command import pause_command  # noqa: PLC0415

    document = pause_command(_open(directory))
    _say(document, document["text"], as_json=as_json)


@app.command(epilog="Example: understudy status shop --json")
def status(directory: Directory, *, as_json: AsJson = False) -> None:
    """Say how the last run stands."""
    from harness.sessions.command import status_document  # noqa: PLC0415
    from harness.sessions.report import status_text  # noqa: PLC0415

    document = status_document(_open(directory))
    _say(document, status_text(document, directory), as_json=as_json)


@app.command(epilog="Example: understudy log shop 3")
def log(
    directory: Directory,
    session: Annotated[int | None, typer.Argument(help="Only this session.")] = None,
    *,
    blocked: Annotated[
        bool, typer.Option("--blocked", help="Only commands that were refused.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show what happened, from the journal."""
    from harness.sessions.command import log_entries  # noqa: PLC0415

    entries = log_entries(_open(directory), session, blocked=blocked)
    lines = [f"{entry['time']}  {entry['text']}" for entry in entries]
    text = "\n".join(lines) if lines or not blocked else "No command was refused."
    _say({"events": entries}, text, as_json=as_json)


@app.command(epilog="Example: understudy verify shop --recording unseen.har")
def verify(
    directory: Directory,
    recording: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Replay this instead (HAR, flows or recording)."),
    ] = None,
    *,
    accept_risk: AcceptRisk = False,
    as_json: AsJson = False,
) -> None:
    """Replay recordings against the backend and report the fidelity."""
    from harness.checking import report_text, verify_project  # noqa: PLC0415

    document = verify_project(_open(directory), recording or [], accept_risk=accept_risk)
    _say(document, report_text(document), as_json=as_json)


@app.command(epilog="Example: understudy serve shop --port 8000 --state empty")
def serve(
    directory: Directory,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    state: Annotated[
        str, typer.Option(metavar="STATE", help="recorded, empty, or a capture FILE.")
    ] = "recorded",
    *,
    accept_risk: AcceptRisk = False,
) -> None:
    """Run the clone until Ctrl+C."""
    from harness.serving import serve as serve_project  # noqa: PLC0415

    def ready(url: str) -> None:
        typer.echo(f"listening on {url}")
        sys.stdout.flush()

    serve_project(_open(directory), port=port, state=state, ready=ready, accept_risk=accept_risk)


@app.command(epilog="Example: understudy watch shop --recording today.har")
def watch(
    directory: Directory,
    recording: Annotated[
        Path, typer.Option(metavar="NEW", help="A capture made since (HAR, flows or recording).")
    ],
    *,
    accept_risk: AcceptRisk = False,
    as_json: AsJson = False,
) -> None:
    """Say what a new recording changes, and add or reopen the features that it shows."""
    from harness.watching import watch_project  # noqa: PLC0415

    document = watch_project(_open(directory), recording, accept_risk=accept_risk)
    _say(document, document["text"], as_json=as_json)


@app.command(epilog="Example: understudy guard 'pytest -q && git status'")
def guard(
    command: Annotated[str | None, typer.Argument(metavar="COMMAND", help="A shell line.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help='JSON lines of {"id", "command"}.'),
    ] = None,
    project: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Judge with this project's additions and files."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Say what the shell guard decides about a command, and by which rule."""
    from harness.guarding import context_of, decisions, explain_command, text_of  # noqa: PLC0415

    if (command is None) == (file is None):
        raise UsageError("Give a command, or --file.", do="Try: understudy guard 'ls -la'")
    context = context_of(project)
    if file is not None:
        for one in decisions(file, context):
            typer.echo(json.dumps(one, ensure_ascii=False))
        return
    document = explain_command(command or "", context)
    _say(document, text_of(document), as_json=as_json)


@app.command(epilog="Example: understudy doctor --json")
def doctor(
    *,
    online: Annotated[
        bool, typer.Option("--online", help="Ask the model's API for one token, too.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what works here, what does not, and what to install."""
    from harness.doctor import examine, findings_text  # noqa: PLC0415

    document = examine(online=online)
    _say(document, findings_text(document), as_json=as_json)
    raise typer.Exit(EXIT_OK if document["ok"] else EXIT_SETUP)


def main() -> None:
    """Run the command line; errors go to stderr with what to do next."""
    try:
        app()
    except UnderstudyError as error:
        raise SystemExit(_fail(error.problem, error.do, error.exit_code)) from None
    except KeyboardInterrupt:
        raise SystemExit(_fail("Interrupted.", "", _INTERRUPTED)) from None
    except Exception as error:  # noqa: BLE001 - the last resort for what nobody expected
        traceback.print_exc()
        problem = f"This is a bug in understudy: {type(error).__name__}: {error}"
        do = "Please report it with the lines above; nothing that was verified is lost."
        raise SystemExit(_fail(problem, do, EXIT_BUG)) from None


def _fail(problem: str, do: str, code: int) -> int:
    if "--json" in sys.argv:
        typer.echo(json.dumps({"error": problem, "do": do, "exit_code": code}))
    typer.echo(f"Error: {problem}" + (f"\n{do}" if do else ""), err=True)
    return code
