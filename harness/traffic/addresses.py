"""Hosts as exchanges name them."""

_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def host_in_scheme(host: str, scheme: str) -> str:
    """Return the host in lower case, without user, and without the scheme's own port."""
    return host.rpartition("@")[2].lower().removesuffix(_DEFAULT_PORTS.get(scheme, ""))
