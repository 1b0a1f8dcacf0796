"""The endpoints of connections, whichever transport carried them."""

from pathlib import Path

import pytest

from harness.inference.infer import infer
from harness.inference.model import ApiModel
from harness.traffic.exchange import Exchange
from tests.traffic.framings import conversations
from tests.traffic.framings.test_recordings import written


def learned(path: Path, exchanges: list[Exchange]) -> ApiModel:
    return infer([written(path, exchanges)])


@pytest.mark.parametrize("upgraded_after", [None, 2, 5])
def test_what_was_polled_is_learned_as_over_a_websocket(
    tmp_path: Path, upgraded_after: int | None
) -> None:
    direct = conversations.shared_notes()
    over_socket = learned(tmp_path / "direct.traffic.db", direct)
    exchanges = conversations.polled(direct, upgraded_after=upgraded_after)
    over_polls = learned(tmp_path / "polled.traffic.db", exchanges)
    assert [each.id for each in over_polls.operations] == [
        each.id for each in over_socket.operations
    ]
    assert not [each for each in over_polls.findings if "poll" in each.detail]
    if upgraded_after is None:
        assert "/socket.io/" not in {each.path for each in over_polls.endpoints}
    (expected,), (found,) = over_socket.sockets, over_polls.sockets
    assert [(each.operation, each.name, each.told, each.key) for each in found.events] == [
        (each.operation, each.name, each.told, each.key) for each in expected.events
    ]
    same = {"events", "evidence"}
    assert found.model_dump(exclude=same) == expected.model_dump(exclude=same)


def test_polled_and_direct_connections_are_one_endpoint(tmp_path: Path) -> None:
    direct = conversations.shared_notes()
    recordings = [
        written(tmp_path / "direct.traffic.db", direct),
        written(tmp_path / "polled.traffic.db", conversations.polled(direct)),
    ]
    (socket,) = infer(recordings).sockets
    assert (socket.path, socket.version) == ("/socket.io/", 4)
