"""Initial states in the form that a backend's `app.seed` loads."""

import json
from typing import Any

from harness.builders.offline import names
from harness.builders.offline.backend import Backend
from harness.inference.model import ApiModel, SeedState


def seed_json(model: ApiModel, recording: str) -> dict[str, Any]:
    """Return the state at the start of a recording, as the backend's `app.seed` reads it."""
    state = next((seed for seed in model.seeds if seed.recording == recording), None)
    if state is None:
        known = ", ".join(seed.recording for seed in model.seeds) or "none"
        msg = f"the model has no initial state for {recording!r}; it has: {known}"
        raise KeyError(msg)
    return seed_document(model, state)


def seed_document(model: ApiModel, state: SeedState) -> dict[str, Any]:
    """Return any initial state, also one of a recording that the model was not learned from."""
    return seed_of(Backend(model, []), state)


def seed_of(backend: Backend, state: SeedState) -> dict[str, Any]:
    """Return a state with the names that the generated columns have."""

    def attribute(entity: str, column: str) -> str:
        return column if backend.is_password(entity, column) else names.attribute(column)

    seed = {
        "tables": {
            entity: [{attribute(entity, key): value for key, value in row.items()} for row in rows]
            for entity, rows in state.tables.items()
        },
        "links": {
            link: [{names.attribute(key): value for key, value in row.items()} for row in rows]
            for link, rows in state.links.items()
        },
        "tokens": state.tokens if backend.auth is not None else {},
        "last_keys": {backend.table(entity): key for entity, key in state.last_keys.items()},
    }
    result: dict[str, Any] = json.loads(json.dumps(seed, default=str))
    return result
