"""Names a person would choose: singulars, snake case, class names."""

import re
from functools import lru_cache

import inflection

_IRREGULAR = {"data": "data", "news": "news", "status": "status", "series": "series"}


@lru_cache(maxsize=4096)
def snake(name: str) -> str:
    """Snake case of a JSON key or path segment: `favoritesCount` -> `favorites_count`."""
    text = re.sub(r"[^0-9a-zA-Z]+", "_", name).strip("_")
    text = inflection.underscore(text) or "value"
    return f"n{text}" if text[0].isdigit() else text


@lru_cache(maxsize=4096)
def singular(name: str) -> str:
    if not name:
        return ""
    word = snake(name)
    head, _, tail = word.rpartition("_")
    last = _IRREGULAR.get(tail) or inflection.singularize(tail)
    return f"{head}_{last}" if head else last


@lru_cache(maxsize=4096)
def plural(name: str) -> str:
    word = snake(name)
    return _IRREGULAR.get(word) or inflection.pluralize(word)


@lru_cache(maxsize=4096)
def pascal(name: str) -> str:
    return inflection.camelize(snake(name))


def literals(path: str) -> list[str]:
    """The literal segments of a path template."""
    return [part for part in path.split("/") if part and not part.startswith("{")]
