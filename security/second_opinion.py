"""Whether shfmt reads the same programs in a line as tree-sitter-bash does."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

_PATIENCE_S = 5.0


def programs(line: str) -> dict[int, int] | None:
    """Return where programs stand and how many words each has: byte offset -> words.

    None where shfmt cannot parse the line. Raise FileNotFoundError where there is no shfmt.
    """
    done = subprocess.run(
        [_shfmt(), "-ln", "bash", "--to-json"],
        input=line.encode(),
        capture_output=True,
        timeout=_PATIENCE_S,
        check=False,
        env={},
    )
    if done.returncode:
        return None
    found = _calls(json.loads(done.stdout))
    return {call["Args"][0]["Pos"].get("Offset", 0): len(call["Args"]) for call in found}


@cache
def _shfmt() -> str:
    beside = Path(sys.executable).with_name("shfmt")
    found = str(beside) if beside.exists() else shutil.which("shfmt")
    if found is None:
        raise FileNotFoundError("shfmt is not installed (pip install shfmt-py)")
    return found


def _calls(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        if node.get("Type") == "CallExpr" and node.get("Args"):
            yield node
        for value in node.values():
            yield from _calls(value)
    elif isinstance(node, list):
        for value in node:
            yield from _calls(value)
