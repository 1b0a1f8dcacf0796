"""What is done to a value between the request and the row."""

import json
from collections.abc import Callable
from typing import Any, Literal

Normal = Literal["blank_to_null", "strip", "lower", "to_string", "to_boolean", "email_domain_lower"]
_BOOLEANS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


def _text(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _domain(value: Any) -> Any:
    name, at_sign, domain = value.rpartition("@") if isinstance(value, str) else ("", "", "")
    return f"{name}@{domain.lower()}" if at_sign else value


NORMALIZERS: dict[Normal, Callable[[Any], Any]] = {
    "blank_to_null": lambda value: None if value == "" else value,
    "strip": lambda value: value.strip() if isinstance(value, str) else value,
    "email_domain_lower": _domain,
    "lower": lambda value: value.lower() if isinstance(value, str) else value,
    "to_string": _text,
    "to_boolean": lambda value: _BOOLEANS.get(value.strip().lower(), value)
    if isinstance(value, str)
    else value,
}


def echoes(sent: Any, after: Any) -> bool:
    """Whether a stored value is the sent one, as it is or normalised."""
    if isinstance(sent, list) and isinstance(after, list):
        return {repr(each) for each in sent} == {repr(each) for each in after}
    return after == sent or any(rule(sent) == after for rule in NORMALIZERS.values())


def learn_normalizing(pairs: list[tuple[Any, Any]]) -> list[Normal]:
    """The steps that explain most pairs of a sent and a stored value; none where none help."""
    if all(before == after for before, after in pairs):
        return []
    ways = _combinations()
    fitting = {
        place: sum(_apply(names, before) == after for before, after in pairs)
        for place, names in enumerate(ways)
    }
    best = max(fitting, key=lambda place: fitting[place])
    plain = sum(before == after for before, after in pairs)
    return ways[best] if fitting[best] > plain else []


def _apply(names: list[Normal], value: Any) -> Any:
    for name in names:
        value = NORMALIZERS[name](value)
    return value


def _combinations() -> list[list[Normal]]:
    single: list[list[Normal]] = [[name] for name in NORMALIZERS]
    return [*single, *([a, b] for (a,) in single for (b,) in single if a != b)]
