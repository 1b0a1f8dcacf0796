"""The sandbox that commands run in: one for a session, gone with everything in it at its end.

spec -> mounts (what is there) -> bubblewrap (how it is started) -> launch -> client <-> inside
"""

from .errors import SandboxDied, SandboxError, SandboxUnavailable
from .no_sandbox import NoSandbox
from .proof import Proof, prove
from .protection import protection
from .sandbox import Sandbox
from .spec import Limits, Protection, Result, SandboxSpec

__all__ = [
    "Limits",
    "NoSandbox",
    "Proof",
    "Protection",
    "Result",
    "Sandbox",
    "SandboxDied",
    "SandboxError",
    "SandboxSpec",
    "SandboxUnavailable",
    "protection",
    "prove",
]
