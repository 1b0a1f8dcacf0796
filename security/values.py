"""The kinds of values that options, operands and variables may have."""

import re
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

from security.refusal import Refused, shown
from security.scene import Scene

_LONGEST_S = 600
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_PLACES = ("path", "write", "new", "target", "test", "some")
_REQUIREMENT = re.compile(
    r"([a-z0-9][\w.-]*)(\[[\w,.-]+\])?\s*([<>=!~]=?[\w.*,<>=!~ ]+)?", re.ASCII | re.IGNORECASE
)
_REVISIONS = re.compile(r"[\w/.~^@{}-]*[\w~^}]\.{2,3}[\w~^@{}/.-]*", re.ASCII)

PATTERNS = {
    "int": r"[+-]?\d+",
    "name": r"[\w.:+=@%,-]*",
    "module": r"[A-Za-z_][\w.]*",
    "pid": r"%\d+|[1-9]\d+|[2-9]|",
    "ps": r"a?u?x|a|aux?(ww|f)?|axjf|axo",
    "zone": r"[A-Za-z]+(/[A-Za-z_]+)?",
    "warning": r"[a-z_]+(:[^:]*(:[A-Za-z]*(:[^:]*(:\d*)?)?)?)?",
    "head": r"HEAD|show",
    "list": r"list",
    "compose": r"up|down|ps|logs|stop|start|restart",
    "source_path": r"(\./?|(\./)?(src|app|backend|tests|lib))(:(\./?|(\./)?(src|app|backend|tests|lib)))*",
    "sql": r"(?s:(?!.*(\\[!og]|\\copy|\\i|program\b)).*)",
    "jq": r"(?s:(?!.*(\benv\b|\$ENV|\binput_|\bimport\b|\binclude\b|\$__prog)).*)",
    "loopback": r"127\.0\.0\.1|localhost|::1",
}
_COMPILED = {
    kind: re.compile(pattern, re.ASCII | (re.IGNORECASE if kind == "sql" else 0))
    for kind, pattern in PATTERNS.items()
}


def check(kind: str, value: str, scene: Scene, name: str) -> None:
    """Refuse a value that is not of a kind; `name` is the program that gets it."""
    if kind in _PLACES:
        scene.check(kind, value, name)
        return
    pattern = _COMPILED.get(kind)
    good = bool(pattern.fullmatch(value)) if pattern else _CHECKS[kind](value, scene, name)
    if not good:
        raise Refused(
            f"{name}:{kind}", f"{name} does not take {shown(value)}", _ADVICE.get(kind, _PLAIN)
        )


def known(kind: str) -> bool:
    return kind in _PLACES or kind in _COMPILED or kind in _CHECKS


_PLAIN = "use a plain value, inside the project"
_ADVICE = {
    "url": "only servers of the project on localhost can be reached",
    "loopback": "bind to 127.0.0.1",
    "seconds": f"wait at most {_LONGEST_S} seconds",
    "pid": "name a process of this session",
    "server": "name the project's own server, as in pkill -f uvicorn",
    "package": "let a person add it to security.packages in understudy.toml",
    "database": "use the database of this session",
    "app": "name the project's application, as in app.main:app",
    "never": "leave it out",
    "index": "history is the harness's: only take files out of the index",
}


def _anything(_value: str, _scene: Scene, _name: str) -> bool:
    return True


def _nothing(_value: str, _scene: Scene, _name: str) -> bool:
    return False


def _seconds(value: str, _scene: Scene, _name: str) -> bool:
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,6})?|\.\d{1,6})([sm]?)", value, re.ASCII)
    seconds = float(found[1]) * (60 if found[2] == "m" else 1) if found else _LONGEST_S + 1
    return seconds <= _LONGEST_S


def _server(value: str, scene: Scene, _name: str) -> bool:
    names = "|".join(map(re.escape, scene.policy.servers))
    return bool(re.fullmatch(rf"({names})( [\w.:/-]+)*", value, re.ASCII))


def _app(value: str, scene: Scene, _name: str) -> bool:
    found = re.fullmatch(r"([a-z_]\w*)[\w.]*:\w+", value, re.ASCII)
    top = found[1] if found else ""
    return top in scene.policy.folders and top not in sys.stdlib_module_names


def _url(value: str, _scene: Scene, _name: str) -> bool:
    try:
        url = urlsplit(value if "://" in value else f"http://{value}")
    except ValueError:
        return False
    plain = "@" not in url.netloc and "\\" not in value
    return url.scheme in ("http", "https") and plain and url.hostname in _LOOPBACK


def _database(value: str, scene: Scene, name: str) -> bool:
    try:
        url = urlsplit(value)
    except ValueError:
        return False
    if re.fullmatch(r"sqlite(\+\w+)?", url.scheme):
        scene.check("write", value.partition(":///")[2] or "x.db", name)
        return True
    return bool(re.fullmatch(r"postgres(ql)?(\+\w+)?", url.scheme)) and url.hostname in _LOOPBACK


def _socket(value: str, _scene: Scene, _name: str) -> bool:
    return value in _LOOPBACK or bool(re.fullmatch(r"/(var/)?run/[\w/-]+", value, re.ASCII))


def _data(value: str, scene: Scene, name: str) -> bool:
    if value.startswith("@"):
        scene.check("path", value[1:], name)
    return True


def _form(value: str, scene: Scene, name: str) -> bool:
    source = value.partition("=")[2] if "=" in value else value
    if source.startswith(("@", "<")):
        scene.check("path", source[1:].partition(";")[0], name)
    elif "@" in value.partition("=")[0]:
        scene.check("path", value.partition("@")[2], name)
    return True


def _cookie(value: str, scene: Scene, name: str) -> bool:
    if "=" not in value:
        scene.check("path", value, name)
    return True


def _report(value: str, scene: Scene, name: str) -> bool:
    kind, _, target = value.partition(":")
    if target and target not in ("skip-covered",):
        scene.check("write", target, name)
    return kind.replace("-", "").isalnum()


def _package(value: str, scene: Scene, name: str) -> bool:
    folder = value.partition("[")[0]
    if folder in (".", "./") or folder.startswith("./"):
        scene.check("path", folder, name)
        return True
    found = _REQUIREMENT.fullmatch(value)
    return re.sub(r"[._]", "-", found[1] if found else "").lower() in scene.policy.packages


def _revision(value: str, scene: Scene, name: str) -> bool:
    if _REVISIONS.fullmatch(value):
        return True
    scene.check("path", value.partition(":")[2] or value.partition(":")[0] or ".", name)
    return True


def _index(value: str, scene: Scene, name: str) -> bool:
    scene.check("path", value, name)
    return not re.search(r"[~^@:]", value)


def _stash(value: str, scene: Scene, name: str) -> bool:
    if value in ("push", "pop", "apply", "list", "show") or re.fullmatch(r"stash@\{\d+\}", value):
        return True
    scene.check("some", value, name)
    return "/" in value or "." in value


_CHECKS: dict[str, Callable[[str, Scene, str], bool]] = {
    "any": _anything,
    "never": _nothing,
    "seconds": _seconds,
    "server": _server,
    "app": _app,
    "url": _url,
    "database": _database,
    "socket": _socket,
    "data": _data,
    "form": _form,
    "cookie": _cookie,
    "report": _report,
    "package": _package,
    "revision": _revision,
    "index": _index,
    "stash": _stash,
}
