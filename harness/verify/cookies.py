"""Cookies: what responses set and requests send."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from harness.traffic.exchange import Response


@dataclass(frozen=True, slots=True)
class Cookie:
    """A cookie that a response sets; `ends` when it is taken away."""

    value: str
    ends: bool


def set_cookies(response: Response) -> dict[str, Cookie]:
    """Return the cookies that a response sets, by name."""
    cookies = {}
    for name, text in response.headers:
        if name.lower() == "set-cookie":
            pair, *attributes = text.split(";")
            key, _, value = pair.strip().partition("=")
            cookies[key] = Cookie(value, _ends(value, attributes))
    return cookies


def _ends(value: str, attributes: list[str]) -> bool:
    for attribute in attributes:
        name, _, content = attribute.strip().partition("=")
        if name.lower() == "max-age" and content.strip().lstrip("-").isdigit():
            return int(content) <= 0
        if name.lower() == "expires":
            try:
                year = parsedate_to_datetime(content).year
            except ValueError:
                continue
            return year <= 1970  # noqa: PLR2004 - the usual way to end a cookie
    return not value
