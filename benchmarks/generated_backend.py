"""Try the backend that is generated for a project as a reviewer would, and print what was seen.

    python -m benchmarks.generated_backend [PROJECT] [--examples N]

Without a project, projects/conduit. The backend is generated from the recordings into a temporary
folder. PostgreSQL 18 comes with the harness; PostgreSQL 15 is used where it is installed.
`N` (50 by default) are the cases of Schemathesis for an operation and phase; its seed is fixed.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.builders.offline import names
from harness.inference.model import ApiModel
from harness.verify.backend import BackendProcess, migrate
from harness.verify.client import Client
from harness.verify.postgres import PostgresServer
from tests.e2e.system_postgres import MISSING, binaries, system_postgres
from tests.e2e.workbench import Done, command, counted, fuzz, learned, module, write_backend

ROOT = Path(__file__).parent.parent
STEPS = (["upgrade", "head"], ["check"], ["downgrade", "base"], ["upgrade", "head"])
SECONDS = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("project", type=Path, nargs="?", default=ROOT / "projects" / "conduit")
    parser.add_argument("--examples", type=int, default=50)
    options = parser.parse_args()
    began = time.perf_counter()
    model = learned(options.project)
    print(f"inferred in {time.perf_counter() - began:.2f} s: {len(model.operations)} operations")
    with tempfile.TemporaryDirectory(prefix="us-backend-") as folder:
        began = time.perf_counter()
        backend = write_backend(model, Path(folder) / "backend")
        files = [path for path in backend.rglob("*") if path.is_file()]
        lines = sum(len(path.read_text().splitlines()) for path in files if path.suffix == ".py")
        print(f"generated in {time.perf_counter() - began:.2f} s: {len(files)} files, "
              f"{lines} lines of Python")  # fmt: skip
        tools(backend)
        with PostgresServer() as newest:
            databases("PostgreSQL 18", backend, newest)
            behaviour(model, backend, newest, options.examples)
        with oldest() as server:
            if server is not None:
                databases("PostgreSQL 15", backend, server)


@contextmanager
def oldest() -> Iterator[PostgresServer | None]:
    folder = binaries()
    if folder is None:
        print(MISSING)
        yield None
        return
    with system_postgres(folder) as server:
        yield server


def tell(name: str, done: Done) -> None:
    print(f"{name}: {'clean' if done.ok else done}")


def tools(backend: Path) -> None:
    tell("ruff check", module(backend, "ruff", "check", "--no-cache", "."))
    tell("ruff format", module(backend, "ruff", "format", "--check", "--no-cache", "."))
    tell("mypy strict", module(backend, "mypy", "--cache-dir", str(backend.parent / "mypy")))


def databases(name: str, backend: Path, server: PostgresServer) -> None:
    server.create_database("migrations")
    for step in STEPS:
        url = server.url("migrations")
        tell(
            f"{name}, alembic {' '.join(step)}", module(backend, "alembic", *step, DATABASE_URL=url)
        )
    server.create_database("own_tests")
    began = time.perf_counter()
    arguments = ["pytest", "-q", "-p", "no:cacheprovider"]
    done = module(backend, *arguments, DATABASE_URL=server.url("own_tests"))
    wall = time.perf_counter() - began
    counts = counted(done.output)
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if word != "seconds")
    print(f"{name}, its own tests: {told} in {counts['seconds']:.1f} s ({wall:.1f} s in all)")
    if not done.ok:
        print(done)


def behaviour(model: ApiModel, backend: Path, server: PostgresServer, examples: int) -> None:
    server.create_database("behaviour")
    url = server.url("behaviour")
    migrate(backend, url)
    headers = pages(model, backend, url)
    with BackendProcess(backend, url) as process:
        process.wait_ready()
        speed(model, process.base_url, headers)
        began = time.perf_counter()
        found = fuzz(process.base_url, backend.parent, examples=examples, headers=headers)
        wall = time.perf_counter() - began
        print(
            f"Schemathesis, all checks: {found.cases} cases, {found.server_errors} server errors, "
            f"{len(found.failures)} failures in {wall:.0f} s"
        )
        for kind, operation in sorted(found.failures):
            print(f"  {kind}: {operation}")


def lists(model: ApiModel) -> list[tuple[str, str]]:
    """Return the paths of the lists that need no other row, and the factories of their rows."""
    return [
        (operation.path, f"make_{names.variable(operation.query.entity)}")
        for operation in model.operations
        if operation.method == "GET" and operation.query and not operation.path_params
        and not model.entity(operation.query.entity).vocabulary
    ]  # fmt: skip


def pages(model: ApiModel, backend: Path, url: str) -> dict[str, str]:
    """Print what pages cost; return the headers of somebody who is signed in."""
    script = str(Path(__file__).with_name("page_queries.py"))
    arguments = [sys.executable, script, json.dumps(lists(model))]
    done = command(backend, *arguments, DATABASE_URL=url, PYTHONPATH=str(backend))
    if not done.ok:
        print(f"queries of pages: {done}")
        return {}
    found: dict[str, Any] = json.loads(done.output)
    for path, (few, many) in found["lists"].items():
        print(f"GET {path}: {few[0]} statements for {few[1]} rows, {many[0]} for {many[1]}")
    headers: dict[str, str] = found["headers"]
    return headers


def speed(model: ApiModel, base_url: str, headers: dict[str, str]) -> None:
    """Print how many pages one connection gets, one after another."""
    for path, _ in lists(model):
        with Client(base_url) as client:
            count, began = 0, time.perf_counter()
            while (wall := time.perf_counter() - began) < SECONDS:
                client.send("GET", path, tuple(headers.items()), b"")
                count += 1
        print(f"GET {path}: {count / wall:.0f} requests a second on one connection")


if __name__ == "__main__":
    main()
