"""From an event's JSON to a turn."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from agent_host.errors import InvalidInputError
from agent_host.types import ChannelIdentity, JsonValue
from agent_host_webhook import EndpointConfig, MappingConfig
from agent_host_webhook.inbound import WebhookEvent, to_event
from agent_host_webhook.verify import Proof

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


def read(
    event: JsonValue, *, scheme: str = "standard", event_id: str | None = "m", **mapping: Any
) -> WebhookEvent | None:
    """The event, as an endpoint with this mapping understands it."""
    endpoint = EndpointConfig(
        name="shop",
        scheme=scheme,  # type: ignore[arg-type]
        secrets=(SecretStr("a secret of some length"),),
        mapping=MappingConfig(**mapping),
    )
    return to_event(
        endpoint, event, channel="webhook", proof=Proof(event_id=event_id), body=b"body"
    )


def understood(event: JsonValue, **mapping: Any) -> WebhookEvent:
    """The same, and it is one to be worked on."""
    found = read(event, **mapping)
    assert found is not None
    return found


def test_without_a_mapping_there_is_one_person_and_a_text() -> None:
    found = understood({"text": "hello"})
    assert found.request.input[0].text == "hello"
    assert found.request.caller.identity == ChannelIdentity(
        channel="webhook", account="shop", native_id="shop"
    )
    assert found.request.session is None


def test_what_is_mapped_is_found() -> None:
    found = understood(
        {"data": {"from": 7, "said": ["a", 1], "room": "r"}},
        text="data.said",
        identity="data.from",
        conversation="data.room",
    )
    caller = found.request.caller
    assert caller.identity is not None
    assert caller.identity.native_id == "7"
    assert caller.conversation is not None
    assert caller.conversation.id == found.request.session == "r"
    assert found.request.input[0].text == '["a",1]'


@pytest.mark.parametrize("value", [False, None, "", [], {}])
def test_events_that_are_none_of_ours_are_left(value: JsonValue) -> None:
    assert read({"text": "hello", "ok": value}, when="ok") is None


@pytest.mark.parametrize("value", [True, 0, "x", [0]])
def test_events_that_are_ours_are_not(value: JsonValue) -> None:
    assert read({"text": "hello", "ok": value}, when="ok") is not None


@pytest.mark.parametrize(
    ("event", "mapping", "key"),
    [
        ({"text": "x"}, {}, "id:m"),
        ({"text": "x", "n": 5}, {"key": "n"}, "key:5"),
        ({"text": "x", "id": "evt"}, {"scheme": "stripe", "event_id": None}, "key:evt"),
    ],
)
def test_an_event_is_known_by_what_its_sender_signed(
    event: JsonValue, mapping: dict[str, Any], key: str
) -> None:
    assert understood(event, **mapping).key == key


def test_an_event_of_github_is_known_by_its_body() -> None:
    assert understood({"text": "x"}, scheme="github", event_id=None).key.startswith("body:")


@pytest.mark.parametrize(
    ("event", "mapping"),
    [
        ({}, {}),
        ({"text": ""}, {}),
        ({"text": "x"}, {"identity": "who"}),
        ({"text": "x", "who": ""}, {"identity": "who"}),
        ({"text": "x", "who": True}, {"identity": "who"}),
        ({"text": "x", "who": "w" * 513}, {"identity": "who"}),
        ({"text": "x", "room": {}}, {"conversation": "room"}),
        ({"text": "x"}, {"key": "n"}),
        ({"text": "x"}, {"identity": "length(text, text)"}),
        ({"text": "x"}, {"identity": "sum(text)"}),
    ],
)
def test_what_lacks_what_is_mapped_is_refused(event: JsonValue, mapping: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        read(event, **mapping)


@given(JSON)
def test_any_json_is_understood_or_refused(event: JsonValue) -> None:
    try:
        found = read(event, text="a", identity="b", conversation="c", when="d")
    except InvalidInputError:
        return
    assert found is None or found.request.input[0].text
