"""From an API model to the files of a backend."""

from collections.abc import Collection

from harness.builders.offline.backend import Backend, note_relations
from harness.builders.offline.errors import ErrorRegistry
from harness.builders.offline.formatting import formatted
from harness.builders.offline.getters import Getters
from harness.builders.offline.modules import Modules
from harness.builders.offline.parameters import Parameters
from harness.builders.offline.presenters import Presenters
from harness.builders.offline.project import project_files
from harness.builders.offline.requests import Requests
from harness.builders.offline.routes import Routers
from harness.builders.offline.rules import Shapes
from harness.builders.offline.schemas import Schemas
from harness.builders.offline.security import Security
from harness.builders.offline.services import Services
from harness.builders.offline.tables import Tables
from harness.builders.offline.testing import test_files
from harness.inference.model import ApiModel


def generate(model: ApiModel, *, resources: Collection[str] | None = None) -> dict[str, str]:
    """Return the files of the backend: relative path -> content, formatted.

    With `resources`, only the operations of these are implemented; the tables of all entities
    are there from the start. The same model gives the same bytes.
    """
    operations = [
        item for item in model.operations if resources is None or item.resource in resources
    ]
    backend = Backend(model, operations)
    note_relations(backend)
    errors = ErrorRegistry(backend)
    schemas = Schemas(backend)
    schemas.add_views()
    requests = Requests(backend, schemas, errors, Shapes(backend))
    requests.add_all()
    presenters = Presenters(backend, schemas)
    getters = Getters(backend, errors)
    services = Services(backend, errors, requests, getters)
    parameters = Parameters(backend, errors)
    security = Security(backend, errors)
    routers = Routers(
        backend, errors, schemas, requests, presenters, services, security, parameters
    )
    routers.add_all()
    presenters.emit()
    for getter in reversed(list(getters.found.values())):
        getters.emit(services.source(getter.module), getter)
    tables = Tables(backend)
    tables.add_all()
    modules = Modules(
        backend, errors, requests, parameters, security, tables, list(routers.sources)
    )
    files = modules.files()
    for source in [
        *schemas.sources.values(), *presenters.sources.values(), *services.sources.values(),
        *routers.sources.values(), *tables.sources,
    ]:  # fmt: skip
        files[source.path] = source.render()
    files |= test_files(backend)
    files |= _packages(files)
    files |= project_files(backend, errors)
    return formatted(files)


def _packages(files: dict[str, str]) -> dict[str, str]:
    """Return the `__init__.py` of every package that has none yet."""
    found = {}
    for path in files:
        if path.startswith("app/") and path.endswith(".py"):
            found[path.rsplit("/", 1)[0] + "/__init__.py"] = ""
    found["app/__init__.py"] = '"""The backend."""\n'
    return {path: content for path, content in found.items() if path not in files}
