"""An explanation: statements in sections, each with the exchanges that it rests on."""

import textwrap

from pydantic import BaseModel

_WIDTH = 96
_MANY = 4


class Statement(BaseModel):
    """One sentence. `assumed`: not observed here, carried over from what behaves alike."""

    text: str
    assumed: bool = False
    evidence: list[str] = []


class Section(BaseModel):
    title: str
    statements: list[Statement]


class Explanation(BaseModel):
    """What is believed about one thing. `evidence` are exchanges as `recording#seq`."""

    subject: str
    summary: str
    sections: list[Section] = []
    evidence: list[str] = []

    def add(self, title: str, statements: list[Statement]) -> None:
        """Add a section with the evidence of its statements, unless it would be empty."""
        if statements:
            self.sections.append(Section(title=title, statements=statements))
            shown = [name for each in statements for name in each.evidence]
            self.evidence = list(dict.fromkeys([*self.evidence, *shown]))


def say(text: str, evidence: list[str] | None = None, *, assumed: bool = False) -> Statement:
    return Statement(text=text, evidence=evidence or [], assumed=assumed)


def render(explanation: Explanation) -> str:
    """An explanation as plain text for a terminal."""
    lines = [explanation.subject, *_wrapped(explanation.summary, "  ", "  ")]
    for section in explanation.sections:
        lines += ["", section.title]
        for statement in section.statements:
            note = " (assumed)" if statement.assumed else ""
            shown = _few(statement.evidence)
            text = f"{statement.text}{note}{f'  [{shown}]' if shown else ''}"
            lines += _wrapped(text, "  - ", "    ")
    if explanation.evidence:
        lines += ["", "Exchanges behind it", *_wrapped(", ".join(explanation.evidence), "  ", "  ")]
    return "\n".join(lines)


def _few(evidence: list[str]) -> str:
    more = len(evidence) - _MANY
    return ", ".join(evidence[:_MANY]) + (f" and {more} more" if more > 0 else "")


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
