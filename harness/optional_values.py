"""Options whose value can be left out, as in `--explore [INTENT]`."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import typer
from typer.core import TyperCommand

from harness.errors import UsageError


class OptionalValues(TyperCommand):
    """A command in which an option with brackets in its metavar may stand without a value.

    It is empty then. What begins with a dash is the next option, and never the value.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        options = [each for each in self.params if (each.metavar or "").startswith("[")]
        names = {name for each in options for name in each.opts}
        given = list(args)
        try:
            return super().parse_args(ctx, list(_completed(args, names)))
        except typer.BadParameter as error:
            taken = next(_taken(given, names), None)
            if taken is None or getattr(error.param, "param_type_name", "") != "argument":
                raise
            option, value = taken
            command = f"understudy {ctx.info_name}"
            raise UsageError(
                f"{option} took {value!r} as its value, and nothing is left for DIR.",
                do=f'Write DIR first: {command} {value} {option}, or {command} DIR {option} "…".',
            ) from error


def _completed(arguments: Sequence[str], names: Collection[str]) -> Iterator[str]:
    """Go through the arguments, with an empty value for each option that has none."""
    until = _end_of_options(arguments)
    for number, argument in enumerate(arguments):
        alone = _value(arguments, number) is None
        yield f"{argument}=" if argument in names and alone and number < until else argument


def _taken(arguments: Sequence[str], names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Go through the options with the values that follow them."""
    for number, argument in enumerate(arguments[: _end_of_options(arguments)]):
        value = _value(arguments, number)
        if argument in names and value is not None:
            yield argument, value


def _value(arguments: Sequence[str], number: int) -> str | None:
    following = arguments[number + 1 : number + 2]
    return following[0] if following and not following[0].startswith("-") else None


def _end_of_options(arguments: Sequence[str]) -> int:
    return arguments.index("--") if "--" in arguments else len(arguments)
