"""What inline Python may not do: a second look at `python -c`; the sandbox is what holds."""

import ast

_MODULES = {
    "subprocess",
    "ctypes",
    "socket",
    "shutil",
    "pty",
    "multiprocessing",
    "importlib",
    "runpy",
    "code",
    "codeop",
    "posix",
    "_posixsubprocess",
    "ftplib",
    "smtplib",
    "webbrowser",
    "signal",
    "builtins",
    "pickle",
    "marshal",
    "timeit",
    "pdb",
    "resource",
    "tempfile",
    "fileinput",
    "cffi",
    "gc",
    "inspect",
}
_CALLS = {
    "__import__",
    "eval",
    "exec",
    "compile",
    "getattr",
    "setattr",
    "globals",
    "locals",
    "vars",
    "breakpoint",
    "input",
    "__builtins__",
    "__loader__",
    "__spec__",
}
_ATTRIBUTES = {
    "system",
    "popen",
    "fork",
    "forkpty",
    "remove",
    "unlink",
    "rmdir",
    "removedirs",
    "rename",
    "renames",
    "replace_file",
    "kill",
    "killpg",
    "chmod",
    "chown",
    "symlink",
    "link",
    "mkfifo",
    "putenv",
    "truncate",
    "write_text",
    "write_bytes",
    "touch",
    "mkdir",
    "makedirs",
    "environ",
    "getenv",
    "dup2",
    "modules",
    "symlink_to",
    "hardlink_to",
    "startfile",
    "environb",
}
_STARTS = ("exec", "spawn", "posix_spawn", "create_subprocess", "subprocess")
_READING = {"r", "rb", "rt"}


def objection(code: str) -> str:
    """Return why a piece of code is not let through; empty where nothing speaks against it."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "the Python code does not parse"
    for node in ast.walk(tree):
        if why := _against(node):
            return why
    return ""


def _against(node: ast.AST) -> str:  # noqa: PLR0911 - one case a kind of node
    match node:
        case ast.Import(names=names):
            bad = [one.name for one in names if one.name.partition(".")[0] in _MODULES]
            return f"inline code may not import {bad[0]}" if bad else ""
        case ast.ImportFrom(module=module, names=names):
            bad = [one.name for one in names if one.name in _ATTRIBUTES or one.name == "*"]
            if (module or "").partition(".")[0] in _MODULES or bad:
                return f"inline code may not import from {module}"
        case ast.Name(id=name) if name in _CALLS:
            return f"inline code may not use {name}"
        case ast.Attribute(attr=name) if _forbidden(name):
            return f"inline code may not use .{name}"
        case ast.Call(func=ast.Name(id="open") | ast.Attribute(attr="open")) if not _reads(node):
            return "inline code may only open files for reading"
        case ast.Constant(value=str(text)) if text.startswith(
            ("/proc", "/etc", "/root", "~", "..")
        ):
            return "inline code may not name places outside the project"
    return ""


def _forbidden(name: str) -> bool:
    dunder = name.startswith("__") and name not in (
        "__version__",
        "__name__",
        "__doc__",
        "__file__",
    )
    return (
        name in _ATTRIBUTES
        or dunder
        or name.startswith(("exec", "spawn", "posix_spawn", "create_subprocess", "subprocess"))
    )


def _reads(call: ast.Call) -> bool:
    modes = [item.value for item in call.keywords if item.arg == "mode"]
    place = 1 if isinstance(call.func, ast.Name) else 0
    modes += call.args[place : place + 1]
    unpacked = any(isinstance(one, ast.Starred) for one in call.args)
    unnamed = any(item.arg is None for item in call.keywords)
    return (
        not unpacked
        and not unnamed
        and all(isinstance(mode, ast.Constant) and mode.value in _READING for mode in modes)
    )
