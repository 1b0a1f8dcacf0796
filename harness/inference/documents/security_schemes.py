"""OpenAPI security schemes from the credentials that requests carried."""

from typing import Any

from harness.inference.model import ApiModel, Endpoint
from harness.inference.naming import snake

Scheme = tuple[str, dict[str, Any], str]
"""The name, the security scheme object, and the credential that it stands for."""
_HTTP = ("Bearer", "Basic", "Digest")


def security_schemes(model: ApiModel) -> list[Scheme]:
    """The schemes of a model; from its authentication where no request carried a credential."""
    seen = sorted({item for endpoint in model.endpoints for item in endpoint.credentials})
    if not seen and model.auth is not None:
        seen = [f"Cookie: {model.auth.cookie}"] if model.auth.cookie else []
        if model.auth.header:
            seen += [f"{model.auth.header}: {scheme}".rstrip(" :") for scheme in model.auth.schemes]
    return [(*_scheme(credential), credential) for credential in seen]


def security_of(
    endpoint: Endpoint, schemes: list[Scheme], model: ApiModel
) -> list[dict[str, list[str]]]:
    """The alternatives of one endpoint; the empty one where a credential is optional."""
    own = [name for name, _, credential in schemes if credential in endpoint.credentials]
    required = endpoint.secured
    for operation in model.operations:
        if (operation.method, operation.path) == (endpoint.method, endpoint.path):
            if operation.auth == "none":
                return []
            required = operation.auth == "required"
    if required:
        return [{name: []} for name in own or [name for name, _, _ in schemes]]
    alternatives: list[dict[str, list[str]]] = [{name: []} for name in own]
    return [{}, *alternatives] if own else []


def _scheme(credential: str) -> tuple[str, dict[str, Any]]:
    place, _, detail = credential.partition(": ")
    if place == "Cookie":
        return f"{_camel(detail)}Cookie", {"type": "apiKey", "in": "cookie", "name": detail}
    if place == "Authorization" and detail in _HTTP:
        return f"{detail.lower()}Auth", {"type": "http", "scheme": detail.lower()}
    header = {"type": "apiKey", "in": "header", "name": place}
    if detail:
        return f"{_camel(detail)}Auth", header | {"description": f"`{detail} <token>`"}
    return f"{_camel(place)}Header", header


def _camel(text: str) -> str:
    head, *rest = snake(text).split("_")
    return head + "".join(word.capitalize() for word in rest)
