"""Whatever the framing, a conversation means what its REST twin means."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.inference.infer import infer
from harness.inference.model import ApiModel
from harness.traffic.exchange import Exchange
from harness.traffic.framings.translate import translate
from tests.inference.traffic import Take
from tests.traffic.framings import conversations as told


def learned(exchanges: list[Exchange]) -> ApiModel:
    return infer([Take(translate(exchanges).apply(exchanges))])


def meaning(model: ApiModel) -> dict[str, Any]:
    """What a model says, without the messages that it rests on."""
    dumped = model.model_dump()
    http = [each for each in dumped["endpoints"] if each["path"] not in ("/ws", "/socket.io/")]
    dumped["endpoints"] = [(each["method"], each["path"]) for each in http]
    return _without_evidence(dumped)


def _without_evidence(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_evidence(each)
            for name, each in value.items()
            if name not in ("evidence", "ruled_out", "findings")
        }
    return [_without_evidence(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "conversation",
    [
        told.virtual_requests,
        told.service_calls,
        told.json_rpc,
        told.signalr,
        told.phoenix,
        told.plain_json,
        told.graphql_ws,
        told.graphql,
        lambda: told.sockjs(told.json_rpc()),
    ],
)
def test_same_model_as_its_rest_twin(conversation: Callable[[], list[Exchange]]) -> None:
    assert meaning(learned(conversation())) == meaning(learned(told.rest()))
