"""The sandbox of Linux: bubblewrap's arguments, and what Landlock is to allow inside."""

from pathlib import Path

from . import etc, seccomp
from .bwrap import bwrap
from .launch import INSIDE, Launch, server_command
from .mounts import HOME, SCRATCH, SYSTEM, TEMPORARY, Mount, plan
from .python_environment import interpreter
from .spec import SandboxSpec

CODE = Path("/run/sandbox")
NAMESPACES = (
    *("--unshare-all", "--unshare-user", "--uid", str(etc.UID), "--gid", str(etc.UID)),
    *("--cap-drop", "ALL", "--disable-userns", "--die-with-parent", "--new-session"),
    *("--clearenv", "--hostname", "sandbox"),
    # As process 1 the exec server reaps orphans and is out of reach of every signal from inside.
    "--as-pid-1",
)
# With /proc writable, code that root started sets /proc/sys/kernel/core_pattern: bubblewrap covers
# /proc/sys only where its access(2) says that the directory itself is writable.
KERNEL = ("--proc", "/proc", "--remount-ro", "/proc", "--dev", "/dev")
# What runs inside is the first to go when memory is scarce. Process 1 gets its turn before all
# others, which only root may ask for and only root needs: it is exempt from RLIMIT_NPROC, so that
# nothing but process 1 ends a fork bomb, and a crowd of sessions would keep it waiting.
PRELUDE = (
    *("/bin/sh", "-c"),
    'echo 500 2>/dev/null >/proc/self/oom_score_adj; chrt -r -p 1 $$ >/dev/null 2>&1; exec "$@"',
    "sh",
)


def launch(spec: SandboxSpec, channel: int) -> Launch:
    """Return how to start the exec server in bubblewrap; raise SandboxUnavailable without it."""
    program = bwrap()
    mounts = plan(spec)
    files = {name: etc.as_descriptor(text.encode()) for name, text in etc.MADE_UP.items()}
    calls, named = call_filter()
    arguments = [
        *(*PRELUDE, program, *NAMESPACES),
        *system(),
        *KERNEL,
        *made_up_etc(files),
        *code(),
        *project(mounts, spec.limits.temporary_bytes),
        *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", str(spec.root.resolve())),
        *(*named, "--", *server_command(interpreter(), CODE, channel)),
    ]
    return Launch(
        argv=tuple(arguments),
        descriptors=(*calls, *files.values()),
        root=spec.root.resolve(),
        home=HOME,
        temporary=TEMPORARY,
        landlock=allowed(mounts),
    )


def call_filter() -> tuple[list[int], list[str]]:
    """Return the descriptor of the filter and its argument; nothing on a machine without one."""
    program = seccomp.program()
    if not program:
        return [], []
    descriptor = etc.as_descriptor(program)
    return [descriptor], ["--seccomp", str(descriptor)]


def code() -> list[str]:
    return ["--ro-bind", str(INSIDE), str(CODE / INSIDE.name)]


def system() -> list[str]:
    arguments = []
    for path in SYSTEM:
        if path.is_symlink():
            arguments += ["--symlink", str(path.readlink()), str(path)]
        elif path.exists():
            arguments += ["--ro-bind", str(path), str(path)]
    return arguments


def made_up_etc(made_up: dict[str, int]) -> list[str]:
    arguments = []
    for path in etc.shared():
        arguments += ["--ro-bind", str(path), str(path)]
    for name, descriptor in made_up.items():
        arguments += ["--ro-bind-data", str(descriptor), f"/etc/{name}"]
    return arguments


def project(mounts: list[Mount], scratch_bytes: int) -> list[str]:
    arguments: list[str] = []
    pins: list[str] = []
    for mount in mounts:
        at = str(mount.at)
        if mount.kind == "writable":
            arguments += ["--bind", at, at]
        elif mount.kind == "readable":
            arguments += ["--ro-bind", at, at]
        else:
            arguments += ["--perms", "1777", "--size", str(scratch_bytes), "--tmpfs", at]
            pins += ["--remount-ro", at] if mount.kind == "pin" else []
    return arguments + pins


def allowed(mounts: list[Mount]) -> dict[str, list[str]]:
    """Return what Landlock is to allow, which is what the mounts do."""
    named = [str(one.at) for one in mounts if one.kind == "readable"]
    lasting = [str(one.at) for one in mounts if one.kind == "writable"]
    return {
        "readable": [*map(str, SYSTEM), "/etc", "/proc", str(CODE), *named],
        "writable": [*map(str, SCRATCH), *lasting],
        "devices": ["/dev"],
    }
