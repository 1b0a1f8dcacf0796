"""Running what is generated behind a sandbox: the `Runner` that verification and serving use."""

import os
import subprocess
from dataclasses import replace

from harness.errors import SetupError
from harness.verify.runner import Command, LocalRunner, Runner
from security.sandbox import SandboxSpec, SandboxUnavailable, protection
from security.sandbox.confine import confined

ACCEPT_RISK = "--no-sandbox-i-accept-the-risk"


class ConfinedRunner:
    """Starts every process in a sandbox of its own, which can read its directory and no more.

    Of the network there is what it inherits: a socket that is bound already.
    """

    def start(self, command: Command) -> subprocess.Popen[bytes]:
        spec = SandboxSpec(root=command.cwd, readable=command.reads, databases=command.databases)
        try:
            inside = confined(command.argv, spec)
        except SandboxUnavailable as error:
            raise no_sandbox(error) from error
        try:
            return LocalRunner().start(
                replace(
                    command,
                    argv=inside.argv,
                    env={**command.env, **inside.environment},
                    pass_fds=(*command.pass_fds, *inside.descriptors),
                )
            )
        finally:
            for descriptor in inside.descriptors:
                os.close(descriptor)


def runner(*, accept_risk: bool = False) -> Runner:
    """Return what starts generated code; raise SetupError where that cannot be confined."""
    if accept_risk:
        return LocalRunner()
    found = protection()
    if not found.works:
        raise no_sandbox(SandboxUnavailable(found.reason, found.remedy))
    return ConfinedRunner()


def no_sandbox(error: SandboxUnavailable) -> SetupError:
    return SetupError(
        f"Generated code cannot be sandboxed here: {error.reason}.",
        do=f"{error.remedy} Or accept the risk of running it unprotected: {ACCEPT_RISK}.",
    )
