"""Runs shell lines for real and says which programs bash started: inside a sandbox only.

`python3 canary.py` reads a JSON list of lines and prints a list of lists of program words. Nothing
is on the PATH: whatever bash looks for is noted instead, and so is every builtin that it runs.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

_HANDLER = r"""
command_not_found_handle() { { set +x; } 2>/dev/null; printf '\002 %s\n' "$1" >&8; return 127; }
exec 8>>"$NOTES"
BASH_XTRACEFD=8
PS4=$'\001 '
set -x
"""
_CANARY = '#!/bin/sh\nprintf \'\\002 %s\\n\' "$0" >>"$NOTES"\n'
_MARK = re.compile(r"^[\x01\x02]+ ", re.MULTILINE)
_KEYWORDS = ("for", "case", "[[", "((", "select", "{", "}")
_ASSIGNMENT = re.compile(r"\w+(\[.*\])?\+?=")
_PATIENCE_S = 5


def main() -> None:
    lines = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        handler = Path(folder) / "handler"
        handler.write_text(_HANDLER)
        json.dump([started(line, handler) for line in lines], sys.stdout)


def started(line: str, handler: Path) -> list[str]:
    """Return the first words of what bash runs for a line."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        notes = place / "notes"
        work = place / "work"
        (work / "app").mkdir(parents=True)
        for name in ("evil", "PWNED"):
            (work / name).write_text(_CANARY)
            (work / name).chmod(0o755)
        (work / "a.txt").write_text("text\n")
        environment = {"PATH": "/nowhere", "BASH_ENV": str(handler), "NOTES": str(notes)}
        process = subprocess.Popen(
            ["/bin/bash", "-c", line],
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
        text = notes.read_text(errors="replace") if notes.exists() else ""
    return sorted({word for word in map(_first, _MARK.split(text)[1:]) if word})


def _first(command: str) -> str:
    """Return the program word of a traced command; empty for what is no program."""
    word = command.split(None, 1)[0] if command.strip() else ""
    known = word in _KEYWORDS or _ASSIGNMENT.match(word) or command.startswith("set +x")
    return "" if known else word.strip("'\"")


if __name__ == "__main__":
    main()
