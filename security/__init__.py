"""Keeping a coding agent within bounds; stands on its own and imports nothing of the harness.

shell (a line as commands) -> guard (policy.toml decides) ; python_code (inline Python)
"""

from security.guard import Context, Decision, decide

__all__ = ["Context", "Decision", "decide"]
