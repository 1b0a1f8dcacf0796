"""Programs that carry a program of their own: sed, awk and inline Python."""

import re

from security.python_code import objection
from security.refusal import Refused

_SLASHED = r"(?:[^{0}\\\n]|\\.)*"


def _substitute(mark: str) -> str:
    inner = _SLASHED.format(mark)
    quoted = re.escape(mark)
    return rf"s{quoted}{inner}{quoted}{inner}{quoted}[gpiI\d]*"


_ADDRESS = rf"(?:\d+|\$|/{_SLASHED.format('/')}/)"
_SED = re.compile(
    rf"\s*(?:{_ADDRESS}(?:,(?:{_ADDRESS}|\+\d+))?)?\s*!?\s*"
    rf"(?:[pdq=]|{'|'.join(_substitute(mark) for mark in '/|#,@:')})\s*(?:;|\n|$)"
)
_AWK = re.compile(r"system|getline|close|fflush|ENVIRON|PROCINFO|SYMTAB|FUNCTAB|[|@]|>(?!=)")


def check_sed(script: str) -> None:
    """Refuse a sed script that could do more than print, delete and substitute."""
    place = 0
    while place < len(script):
        found = _SED.match(script, place)
        if found is None:
            raise Refused(
                "sed:script",
                "this sed script may write files or run programs",
                "use p, d, q and s/old/new/g only",
            )
        place = found.end()


def check_awk(script: str) -> None:
    """Refuse an awk program that could run programs, or write or read files itself."""
    if _AWK.search(script):
        raise Refused(
            "awk:script",
            "this awk program may run programs or write files",
            "print fields only, or compare with < and >=",
        )


def check_python(code: str | None) -> None:
    """Refuse inline Python that reaches beyond the project; None is code that cannot be seen."""
    if code is None:
        raise Refused(
            "python:stdin",
            "python would wait for input, or run what it is fed",
            "run a .py file of the project",
        )
    if why := objection(code):
        raise Refused("python:code", why, "write a script in the project, or use a command")
