"""Score inference on synthetic captures with known truth.

    python benchmarks/synthetic.py CAPTURE.har TRUTH.json [CAPTURE.har TRUTH.json ...]
        [--score SCORE.py] [--out DIR]

A truth is a JSON object with `host`, `templates`, `operations` (`method`, `template`), and
`secrets` by name. SCORE.py is a script that is called with the document and the truth; what it
prints about schemas is shown. With --out, the recording and the documents are kept there.

Every capture runs in a process of its own: import under pseudonyms, learn templates and
endpoints, write the OpenAPI document and API.md. Printed are right, missing and false templates
and operations, whether the document is valid, planted secrets in any written file, CPU seconds by
step and peak memory.
"""

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BLOCK = 1 << 20


class Stopwatch:
    """CPU seconds by step."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}

    def run(self, name: str, step: Callable[[], Any]) -> Any:
        began = time.process_time()
        result = step()
        self.steps[name] = time.process_time() - began
        return result


def build(capture: Path, truth: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Import and describe a capture; return what it cost and the document."""
    import yaml  # noqa: PLC0415 - only the measured process pays for it

    from harness.inference.documents.markdown import markdown  # noqa: PLC0415
    from harness.inference.documents.openapi import document  # noqa: PLC0415
    from harness.inference.model import ApiModel  # noqa: PLC0415
    from harness.inference.paths.templates import learn  # noqa: PLC0415
    from harness.inference.schemas.endpoints import learn_endpoints  # noqa: PLC0415
    from harness.traffic.importers import import_file  # noqa: PLC0415
    from harness.traffic.pseudonyms import Pseudonyms  # noqa: PLC0415
    from harness.traffic.scope import Scope  # noqa: PLC0415
    from harness.traffic.store import Recording  # noqa: PLC0415

    watch = Stopwatch()
    path = folder / "synthetic.traffic.db"
    host = truth["host"].partition("://")[2]
    scope, pseudonyms = Scope([host], [], []), Pseudonyms(b"benchmark" * 4)
    report = watch.run("import", lambda: import_file(capture, path, scope, pseudonyms))
    recording = Recording(path)
    templates = watch.run("templates", lambda: learn(recording))
    endpoints = watch.run("endpoints", lambda: learn_endpoints([recording], templates))
    model = ApiModel(
        title="Synthetic", hosts=[host], recordings=[recording.name], endpoints=endpoints
    )

    def write() -> dict[str, Any]:
        described = document(model)
        text = yaml.dump(described, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
        (folder / "openapi.yaml").write_text(text, encoding="utf-8")
        (folder / "API.md").write_text(markdown(model), encoding="utf-8")
        (folder / "model.json").write_text(model.model_dump_json(), encoding="utf-8")
        return described

    return {
        "document": watch.run("documents", write),
        "exchanges": report.kept,
        "steps": watch.steps,
        "cpu": time.process_time(),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def compare(described: dict[str, Any], truth: dict[str, Any]) -> list[str]:
    """Lines on right, missing and false templates and operations."""
    expected = {(item["method"], _shape(item["template"])) for item in truth["operations"]}
    found = {
        (method.upper(), _shape(path))
        for path, item in described["paths"].items()
        for method in item
    }
    lines = []
    pairs = (
        ("templates", {_shape(item) for item in truth["templates"]}, {path for _, path in found}),
        ("operations", expected, found),
    )
    for name, true, seen in pairs:
        lines.append(f"{name:11} {len(true & seen)}/{len(true)} right, {len(seen - true)} false")
        lines += [f"            missing {item}" for item in sorted(true - seen)]
        lines += [f"            false {item}" for item in sorted(seen - true)]
    return lines


def _shape(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path).rstrip("/") or "/"


def leaks(folder: Path, secrets: dict[str, str]) -> list[str]:
    """Names of planted secrets that occur in a written file, the recording read back."""
    from harness.traffic.store import Recording  # noqa: PLC0415

    found = set()
    for path in sorted(folder.iterdir()):
        recorded = [repr(item) for item in Recording(path)] if path.suffix == ".db" else []
        for text in (path.read_bytes().decode(errors="replace"), *recorded):
            found |= {f"{name} in {path.name}" for name, value in secrets.items() if value in text}
    return sorted(found)


def validity(described: dict[str, Any]) -> str:
    from openapi_spec_validator import OpenAPIV31SpecValidator  # noqa: PLC0415

    errors = [error.message for error in OpenAPIV31SpecValidator(described).iter_errors()]
    return "valid" if not errors else f"{len(errors)} errors: {errors[0]}"


def measure(capture: Path, truth_path: Path, folder: Path, score: Path | None) -> None:
    truth = json.loads(truth_path.read_text())
    result = build(capture, truth, folder)
    size = capture.stat().st_size / 1e6
    print(f"{capture.name}: {size:.1f} MB, {result['exchanges']} exchanges in scope")
    for line in compare(result["document"], truth):
        print(f"  {line}")
    print(f"  document    {validity(result['document'])}")
    print(f"  secrets     {', '.join(leaks(folder, truth['secrets'])) or 'none in any file'}")
    if score is not None:
        printed = subprocess.run(
            [sys.executable, str(score), str(folder / "openapi.yaml"), str(truth_path)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for line in printed.splitlines():
            if line.startswith("schema checks") or "FAIL" in line:
                print(f"  {line.strip()}")
    steps = ", ".join(f"{name} {seconds:.2f}" for name, seconds in result["steps"].items())
    print(f"  CPU         {result['cpu']:.2f} s ({steps}); peak {result['peak_mb']:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description="Score inference on synthetic captures.")
    parser.add_argument("files", nargs="+", type=Path, help="CAPTURE.har TRUTH.json, in pairs")
    parser.add_argument("--score", type=Path, help="a script called with DOCUMENT TRUTH")
    parser.add_argument("--out", type=Path, help="keep the written files in this folder")
    asked = parser.parse_args()
    if len(asked.files) % 2:
        parser.error("give a truth for every capture: CAPTURE.har TRUTH.json")
    pairs = list(zip(asked.files[::2], asked.files[1::2], strict=True))
    if len(pairs) > 1:
        extra = ["--score", str(asked.score)] if asked.score else []
        for number, (capture, truth) in enumerate(pairs, start=1):
            out = ["--out", str(asked.out / str(number))] if asked.out else []
            command = [sys.executable, __file__, str(capture), str(truth), *extra, *out]
            subprocess.run(command, check=True)
        return
    ((capture, truth),) = pairs
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        measure(capture, truth, asked.out, asked.score)
        return
    with tempfile.TemporaryDirectory() as folder:
        measure(capture, truth, Path(folder), asked.score)


if __name__ == "__main__":
    main()
