"""The pinned formatter, run once over all generated files."""

import subprocess
import sys
import tempfile
from pathlib import Path

RUFF = Path(sys.executable).with_name("ruff")


class FormatError(Exception):
    """The generator wrote Python that cannot be parsed: a bug of the offline builder."""


def formatted(files: dict[str, str]) -> dict[str, str]:
    """Return the files with sorted imports and ruff's formatting, by the backend's own settings."""
    with tempfile.TemporaryDirectory(prefix="understudy-format-") as folder:
        root = Path(folder)
        for path, content in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
        _ruff(root, "check", "--select", "I,F401,UP034", "--fix", "--silent", "--exit-zero")
        _ruff(root, "format")
        return {path: (root / path).read_text(encoding="utf-8") for path in sorted(files)}


def _ruff(root: Path, *arguments: str) -> None:
    command = [str(RUFF), *arguments, "--no-cache", "."]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"ruff {arguments[0]} failed on the generated code: {done.stderr or done.stdout}"
        raise FormatError(msg)
