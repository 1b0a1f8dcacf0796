"""Who the users are, what the parameters of paths address, and which operations switch links."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from harness.inference.naming import singular
from harness.inference.observe import Observation
from harness.inference.state.resources import Draft, identity
from harness.inference.state.tokens import PASSWORD, leaves

Params = dict[tuple[str, str], "Binding"]
"""What parameters address: (template, name) -> binding."""


@dataclass(frozen=True)
class Binding:
    """What a path parameter addresses: a row of a draft by one of its fields."""

    draft: Draft
    field: str


@dataclass(frozen=True)
class LinkDraft:
    """A pair of operations that switch a relation between the caller and a row on and off."""

    name: str
    template: str
    on: tuple[str, str]
    off: tuple[str, str]
    target: Draft


def value_of(binding: Binding, text: str) -> Any:
    """The value of a field of which a path holds the text; None for an address."""
    values = (
        value[binding.field]
        for shape in binding.draft.shapes
        for _, value in shape.instances
        if binding.field in value
    )
    example = next(values, text)
    if isinstance(example, int):
        return int(text) if text.isdigit() else None
    return None if "://" in str(example) else text


def bind_params(
    observations: list[Observation], drafts: list[Draft]
) -> dict[tuple[str, str], Binding]:
    """What each path parameter of each template addresses."""
    values: dict[tuple[str, str], set[str]] = defaultdict(set)
    for observation in observations:
        for name, value in observation.params.items():
            if observation.template and observation.status != 404:  # noqa: PLR2004
                values[observation.template, name].add(value)
            else:
                values.setdefault((observation.template or "", name), set())
    fields = {id(draft): _field_values(draft) for draft in drafts}
    found: dict[tuple[str, str], Binding] = {}
    for (template, name), seen in sorted(values.items(), key=lambda item: len(item[0][0])):
        prefix = template[: template.index("{" + name + "}") + len(name) + 2]
        best: tuple[float, Binding] | None = None
        for draft in drafts:
            exact = any(shape.template.rstrip("/") == prefix for shape in draft.roots)
            for key, known in fields[id(draft)].items():
                overlap = len(seen & known) / len(seen) if seen else 0.0
                score = overlap + exact + 0.5 * (key == draft.key) + 0.3 * (key == name)
                collection = prefix.rsplit("/", 2)[-2] if prefix.count("/") > 1 else ""
                score += 0.6 * (draft.name in {singular(collection), singular(name[:-3])})
                if (overlap > 0 or (exact and key == draft.key)) and (not best or score > best[0]):
                    best = (score, Binding(draft, key))
        if best and best[0] >= 1.4:  # noqa: PLR2004
            found[template, name] = best[1]
    _inherit(found, values)
    return found


def _inherit(
    found: dict[tuple[str, str], Binding], values: dict[tuple[str, str], set[str]]
) -> None:
    """A parameter without successes of its own means what the same prefix means elsewhere."""
    prefixes = {
        template[: template.index("{" + name + "}")]: binding
        for (template, name), binding in found.items()
    }
    for template, name in values:
        start = template[: template.index("{" + name + "}")] if template else ""
        if (template, name) not in found and start in prefixes:
            found[template, name] = prefixes[start]


def _field_values(draft: Draft) -> dict[str, set[str]]:
    known: dict[str, set[str]] = defaultdict(set)
    for shape in draft.shapes:
        for _, value in shape.instances:
            for key, item in value.items():
                if (text := identity(item)) is not None and len(text) < 100:  # noqa: PLR2004
                    known[key].add(text)
    return {
        key: values
        for key, values in known.items()
        if key == draft.key or len(values) > 1 or len(known.get(draft.key, ())) == 1
    }


def user_draft(observations: list[Observation], drafts: list[Draft]) -> Draft | None:
    """The draft whose rows are people: created or authenticated with a password, given tokens."""
    votes = Counter[int]()
    by_place: dict[tuple[str, str], list[Draft]] = defaultdict(list)
    for draft in drafts:
        for shape in draft.roots:
            if not shape.is_list:
                by_place[shape.method, shape.template].append(draft)
    for observation in observations:
        if not observation.ok or not isinstance(observation.body, dict):
            continue
        if any(PASSWORD.search(key) for key, _ in leaves(observation.body)):
            votes.update(id(draft) for draft in by_place[observation.key])
    for observation in () if votes else observations:
        own = observation.method == "GET" and not observation.params
        if own and observation.ok and observation.credential:
            votes.update(id(draft) for draft in by_place[observation.key])
    best = votes.most_common(1)
    return next((draft for draft in drafts if best and id(draft) == best[0][0]), None)


def link_drafts(
    observations: list[Observation], bindings: dict[tuple[str, str], Binding]
) -> list[LinkDraft]:
    methods: dict[str, set[str]] = defaultdict(set)
    for observation in observations:
        if observation.ok and observation.template and observation.credential:
            bare = not isinstance(observation.body, dict) or not observation.body
            if bare and observation.method in {"POST", "PUT", "DELETE"}:
                methods[observation.template].add(observation.method)
    found: list[LinkDraft] = []
    for template, seen in methods.items():
        head, _, suffix = template.rstrip("/").rpartition("/")
        if "DELETE" not in seen or not seen & {"POST", "PUT"} or not head.endswith("}"):
            continue
        if "{" in suffix:
            continue
        name = head[head.rindex("{") + 1 : -1]
        binding = bindings.get((template, name))
        if binding is not None:
            on = "POST" if "POST" in seen else "PUT"
            verb = singular(suffix)
            if any(link.name == verb for link in found):
                verb = f"{verb}_{binding.draft.name}"
            found.append(
                LinkDraft(verb, template, (on, template), ("DELETE", template), binding.draft)
            )
    return found
