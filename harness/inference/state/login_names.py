"""What users log in with, where no answer shows it."""

from collections import defaultdict

from harness.inference.observe import Observation
from harness.inference.state.resources import Draft
from harness.inference.state.tokens import PASSWORD, leaves


def unshown_logins(observations: list[Observation], user: Draft) -> list[str]:
    """Return the texts that users are created with and log in with, beside their passwords."""
    shown = {(shape.method, shape.template) for shape in user.roots}
    sent: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for each in observations:
        said = dict(leaves(each.body)) if each.ok and isinstance(each.body, dict) else {}
        if any(PASSWORD.search(name) for name in said):
            for name, value in said.items():
                if isinstance(value, str) and not PASSWORD.search(name):
                    sent[name].add(each.key)
    known = {name for shape in user.shapes for name in shape.keys}
    return [
        name for name, keys in sent.items() if len(keys) > 1 and keys & shown and name not in known
    ]
