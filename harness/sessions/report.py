"""A run's result as a table for people."""

import os
import shutil
import sys
from pathlib import Path
from typing import Any

_SHOWN = 5
_WIDTH = 200


def run_text(document: dict[str, Any], directory: Path) -> str:
    """Return what `run` says at its end."""
    return "\n".join([*_table(document), "", *_next(document, directory)])


def status_text(document: dict[str, Any], directory: Path) -> str:
    """Return what `status` says."""
    if document["state"] == "new":
        rows = [f"  {name}  {value}" for name, value in _conversations(document)]
        return "\n".join([f"Nothing ran here yet. Start with `understudy run {directory}`.", *rows])
    sessions = [
        f"  session {item.get('number')}  {item.get('kind', ''):<12}{item.get('outcome', ''):<12}"
        f"+{item.get('gained', 0):<4} {item.get('summary', '')}"
        for item in document["sessions"]
    ]
    return "\n".join([*_table(document), "", *sessions, "", *_next(document, directory)])


def _table(document: dict[str, Any]) -> list[str]:
    features, fidelity = document["features"], document["fidelity"]
    rows = [
        ("state", f"{document['state']}" + (f" ({document['detail']})" * bool(document["detail"]))),
        ("features", f"{features['passing']} of {features['total']} pass"),
    ]
    for item in fidelity.get("recordings", []):
        share = item["exact"] / item["exchanges"] if item["exchanges"] else 1.0
        rows.append(
            (
                f"fidelity {item['name']}",
                f"{share:.1%}, {item['exact']} of {item['exchanges']} exact",
            )
        )
    if fidelity:
        passed, failed = fidelity["tests_passed"], fidelity["tests_failed"]
        rows.append(("its own tests", f"{passed} passed, {failed} failed"))
    rows.append(("sessions", str(len(document["sessions"]))))
    rows.append(("time", f"{document['wall_s']:.1f} s"))
    if document["cost_usd"]:
        each = document["cost_per_feature_usd"]
        per_feature = f", ${each:.2f} a feature" if each is not None else ""
        tokens = f" ({document['tokens']:,} tokens{per_feature})"
        rows.append(("cost", f"${document['cost_usd']:.2f}{tokens}"))
    rows += _conversations(document)
    width = max(len(name) for name, _ in rows)
    return [f"  {name:<{width}}  {value}" for name, value in rows]


def _conversations(document: dict[str, Any]) -> list[tuple[str, str]]:
    found = document["conversations"]
    if not found["count"]:
        return []
    cost = f"${found['cost_usd']:.2f} ({found['tokens']:,} tokens)"
    return [("conversations", f"{found['count']}, {cost}")]


def _program() -> str:
    """Return how this program was called, where its name alone would not do."""
    called = Path(sys.argv[0])
    if called.name != "understudy" or shutil.which("understudy"):
        return "understudy"
    return os.path.relpath(called)


def _next(document: dict[str, Any], directory: Path) -> list[str]:
    lines = [f"  backend   {directory / 'backend'}"]
    if document["features"]["passing"]:
        lines.append(f"  start it  {_program()} serve {directory}")
    if document["state"] in ("paused", "crashed", "stuck"):
        lines.append(f"  go on     {_program()} resume {directory}")
    shown = [reason[:_WIDTH] for reason in document["reasons"][:_SHOWN]]
    if shown:
        lines += ["", "  what is stuck:", *(f"    {reason}" for reason in shown)]
    lines += [f"  unfinished work is on the branch {branch}" for branch in document["stashes"]]
    return lines
