"""The documents name every command, option, exit code, configuration key and event."""

import re
from pathlib import Path

import pytest
import typer

from harness import errors
from harness.cli import app
from harness.project import Config
from harness.sessions import events

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
REFERENCE = (ROOT / "docs" / "reference.md").read_text()
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_readme(name: str) -> None:
    assert re.search(rf"`(understudy )?{name}\b", README)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_is_in_the_reference(name: str) -> None:
    options = {
        option
        for parameter in COMMANDS[name].params
        for option in parameter.opts
        if option.startswith("--")
    }
    row = next((line for line in REFERENCE.splitlines() if line.startswith(f"| `{name}` |")), "")
    assert options - {"--help", "--json"} == set(re.findall(r"`(--[a-z-]+)`", row))


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (table, key)
        for table, field in Config.model_fields.items()
        for key in field.annotation.model_fields  # type: ignore[union-attr]
    ],
)
def test_every_configuration_key_is_in_the_reference(table: str, key: str) -> None:
    assert f"`{table}.{key}`" in REFERENCE


@pytest.mark.parametrize("code", [v for k, v in vars(errors).items() if k.startswith("EXIT_")])
def test_every_exit_code_is_in_the_reference(code: int) -> None:
    assert f"\n| {code} |" in REFERENCE


@pytest.mark.parametrize("event", events.Event.__subclasses__())
def test_every_event_is_in_the_reference(event: type[events.Event]) -> None:
    words = re.sub(r"(?<!^)(?=[A-Z])", " ", event.__name__).lower()
    assert f"`{words}`" in REFERENCE


def test_the_architecture_fits_one_page() -> None:
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) <= 60


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in link:
            assert (ROOT / link).exists(), link
