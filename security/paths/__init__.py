"""Keeping file tools within the project: what may be read, written and listed, and doing it.

names (what a path says) -> ground (what the disk says) -> guard (decides; reads, writes, lists)
patterns (globs) ; search (walks folders for listings) ; replace (new files under old names)
"""

from security.paths.decision import Access, Listing, PathDecision
from security.paths.guard import PathGuard
from security.paths.names import DEFAULT_PROTECTED
from security.refusal import Refused

__all__ = ["DEFAULT_PROTECTED", "Access", "Listing", "PathDecision", "PathGuard", "Refused"]
