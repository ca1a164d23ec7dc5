"""A framework's own form survives beside ours, and only as long as both say the same."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from pydantic_ai import messages as sdk

from agent_host.adapters.fidelity import seal, unseal
from agent_host.adapters.langgraph_message import from_langchain, to_langchain
from agent_host.adapters.pydantic_ai_message import from_model_messages, to_model_messages
from agent_host.codec import VersionedCodec
from agent_host.types import FilePart, Message, Role, TextPart

CODEC: VersionedCodec[tuple[Message, ...]] = VersionedCodec("messages", 1, tuple[Message, ...])
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8"), min_size=1)
JSON: st.SearchStrategy[dict[str, Any]] = st.dictionaries(
    TEXT, TEXT | st.integers(-(2**53), 2**53) | st.none() | st.lists(st.booleans()), max_size=3
)

RESPONSE_PARTS: st.SearchStrategy[Any] = st.one_of(
    st.builds(sdk.TextPart, TEXT, id=st.none() | TEXT, provider_name=st.just("p")),
    st.builds(sdk.ThinkingPart, TEXT, signature=st.none() | TEXT, provider_details=JSON),
    st.builds(sdk.ToolCallPart, TEXT, JSON, TEXT),
    st.builds(sdk.ThinkingPart, st.just(""), signature=TEXT),
)
EXCHANGES: st.SearchStrategy[Any] = st.lists(
    st.tuples(
        st.builds(
            sdk.ModelResponse,
            st.lists(RESPONSE_PARTS, min_size=1, max_size=3),
            model_name=TEXT,
            timestamp=st.just(NOW),
        ),
        st.builds(
            sdk.ModelRequest,
            st.lists(
                st.builds(sdk.ToolReturnPart, TEXT, JSON, TEXT, timestamp=st.just(NOW)),
                min_size=1,
                max_size=2,
            ),
            run_id=TEXT,
        ),
    ),
    min_size=1,
    max_size=3,
)
CALL: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {"name": TEXT, "args": JSON, "id": TEXT, "type": st.just("tool_call")}
)
LANGCHAIN: st.SearchStrategy[Any] = st.lists(
    st.builds(AIMessage, TEXT, tool_calls=st.lists(CALL, max_size=2), response_metadata=JSON)
    | st.builds(ToolMessage, TEXT, tool_call_id=TEXT, name=TEXT, artifact=JSON),
    max_size=4,
)


def stored(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """As they come back from a store."""
    return CODEC.decode(CODEC.encode(messages))


@given(EXCHANGES)
def test_model_messages_survive_us_and_the_store(
    exchanges: list[tuple[sdk.ModelResponse, sdk.ModelRequest]],
) -> None:
    added: list[sdk.ModelMessage] = [message for pair in exchanges for message in pair]
    prompt = sdk.ModelRequest([sdk.UserPromptPart("hi")])
    messages = from_model_messages([prompt, *added])
    assert to_model_messages(stored(messages)) == added


@given(LANGCHAIN)
def test_langchain_messages_survive_us_and_the_store(messages: list[BaseMessage]) -> None:
    assert to_langchain(stored(from_langchain(messages))) == messages


def test_a_changed_message_has_lost_its_form() -> None:
    sealed = seal(Message.assistant("yes"), "key", {"a": 1})
    assert unseal(sealed, "key") == {"a": 1}
    assert unseal(sealed, "other") is None
    assert unseal(replace(sealed, parts=(TextPart(text="no"),)), "key") is None


@pytest.mark.parametrize("role", ["user", "system"])
def test_only_what_a_target_added_has_a_form(role: Role) -> None:
    assert unseal(seal(replace(Message.user("x"), role=role), "key", 1), "key") is None


def test_files_count_into_the_seal() -> None:
    part = FilePart(media_type="image/png", data=b"\xff\x00")
    sealed = seal(Message(role="assistant", parts=(part,)), "key", 1)
    assert unseal(sealed, "key") == 1
    assert unseal(replace(sealed, parts=(replace(part, data=b"\xff"),)), "key") is None


@pytest.mark.parametrize("form", ["nonsense", [{"kind": "nonsense"}], {"type": "nonsense"}, {}])
def test_a_form_that_cannot_be_read_is_passed_over(form: Any) -> None:
    message = Message.assistant("yes")
    for_pydantic_ai = seal(message, "agent_host.pydantic_ai.v1", form)
    (response,) = to_model_messages([for_pydantic_ai])
    assert isinstance(response, sdk.ModelResponse)
    assert response.parts[0] == sdk.TextPart("yes")
    (said,) = to_langchain([seal(message, "agent_host.langchain.v1", form)])
    assert said.content == "yes"


def test_what_cannot_be_stored_costs_the_form_and_not_the_message() -> None:
    odd = AIMessage("yes", additional_kwargs={"client": object()})
    (message,) = from_langchain([odd, AIMessage("")])
    assert message == Message.assistant("yes")
