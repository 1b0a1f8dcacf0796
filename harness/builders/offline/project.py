"""What surrounds the code: package metadata, scripts, containers and documents."""

from harness.builders.offline import names
from harness.builders.offline.backend import Backend
from harness.builders.offline.expressions import literal
from harness.builders.offline.modules import render
from harness.builders.offline.parameters import Parameters


def project_files(backend: Backend, parameters: Parameters) -> dict[str, str]:
    """Return the files around the package."""
    auth, helpers = backend.auth, backend.helpers
    title = backend.model.title
    return {
        "pyproject.toml": render(
            "pyproject.toml.j2",
            name=literal("-".join(names.words(title)) or "backend"),
            description=literal(f"The backend of {title}."),
            jwt=auth is not None and auth.token_format == "jwt" and "open_session" in helpers,
            forms="FormModel" in helpers,
        ),
        ".gitignore": ".venv/\n__pycache__/\n.mypy_cache/\n.pytest_cache/\n.ruff_cache/\n.env\n",
    }
