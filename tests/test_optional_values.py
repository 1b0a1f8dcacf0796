"""`--explore [INTENT]`: what a person writes, and what is understood."""

import shlex
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from harness.cli import app as understudy
from harness.errors import UsageError
from harness.optional_values import OptionalValues

app = typer.Typer()


@app.command(cls=OptionalValues)
def capture(
    directory: Annotated[str, typer.Argument(metavar="DIR")],
    explore: Annotated[str | None, typer.Option(metavar="[INTENT]")] = None,
    login: Annotated[str | None, typer.Option(metavar="NAME")] = None,
    *,
    headless: Annotated[bool, typer.Option("--headless")] = False,
) -> None:
    typer.echo([directory, explore, login, headless])


def understood(line: str) -> str:
    done = CliRunner().invoke(app, shlex.split(line))
    assert done.exit_code == 0, done.output
    return done.output.strip()


@pytest.mark.parametrize(
    ("line", "explore", "login", "headless"),
    [
        ("shop", None, None, False),
        ("shop --explore", "", None, False),
        ("shop --explore --headless", "", None, True),
        ("shop --headless --explore", "", None, True),
        ("shop --explore --login ada", "", "ada", False),
        ("shop --explore 'log in and buy'", "log in and buy", None, False),
        ("shop --explore='log in and buy' --headless", "log in and buy", None, True),
        ("--explore 'log in and buy' shop", "log in and buy", None, False),
        ("--explore 'log in and buy' --headless shop", "log in and buy", None, True),
        ("--explore --headless shop", "", None, True),
        ("--explore= shop", "", None, False),
        ("--explore -- shop", "", None, False),
        ("--explore=-x shop", "-x", None, False),
    ],
)
def test_a_value_may_be_left_out(
    line: str, explore: str | None, login: str | None, headless: bool
) -> None:
    assert understood(line) == str(["shop", explore, login, headless])


@pytest.mark.parametrize("line", ["--explore shop", "--headless --explore shop --login ada"])
def test_a_swallowed_directory_is_told_apart(line: str) -> None:
    done = CliRunner().invoke(app, shlex.split(line))
    assert isinstance(done.exception, UsageError)
    assert "took 'shop' as its value" in done.exception.problem
    assert "capture shop --explore, or" in done.exception.do


@pytest.mark.parametrize("line", ["", "--explore", "--headless --explore"])
def test_a_directory_that_was_never_there_is_missing(line: str) -> None:
    done = CliRunner().invoke(app, shlex.split(line))
    assert done.exit_code == 2
    assert "DIR" in done.output
    assert "took" not in done.output


def test_the_help_shows_that_the_value_is_optional() -> None:
    said = CliRunner().invoke(understudy, ["capture", "--help"]).output
    assert "--explore [INTENT]" in said
