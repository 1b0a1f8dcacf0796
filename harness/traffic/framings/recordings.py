"""Recordings, read with their WebSocket messages and GraphQL documents as exchanges."""

from collections.abc import Iterator
from functools import cached_property

from harness.traffic.exchange import Exchange
from harness.traffic.framings.graphql.over_http import PATHS
from harness.traffic.framings.translate import translate
from harness.traffic.framings.translation import Translation
from harness.traffic.store import Recording


class TranslatedRecording(Recording):
    """A recording whose messages and documents are the REST operations that they stand for.

    Its length, like its file, counts what was captured.
    """

    @cached_property
    def translation(self) -> Translation:
        """What its messages mean; of all it holds, they alone are kept in memory."""
        has_documents = any(map(self.has_path_with, PATHS))
        return translate(super().__iter__() if self.has_messages or has_documents else ())

    def __iter__(self) -> Iterator[Exchange]:
        return self.translation.apply(super().__iter__())
