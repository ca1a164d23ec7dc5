"""Conversations: found, kept, trimmed, reset, forgotten, and nobody else's."""

import pytest

from agent_host.errors import (
    NotFoundError,
    RequestError,
    SessionRequiredError,
    SessionResetError,
)
from agent_host.protocols.host_context import HostContext, SessionView
from agent_host.stores.memory import MemoryStateStore
from agent_host.types import (
    Message,
    RunResult,
    SessionMode,
    SessionPolicy,
    TextPart,
    ToolCallPart,
    ToolResultPart,
    Turn,
)
from tests.host.counting_store import CountingStore
from tests.host.harness import CALLER, acting_as, hosted, request


async def recall(turn: Turn) -> str:
    history = () if turn.history is None else turn.history.messages
    return "|".join(message.text for message in history if message.role == "user")


async def said(context: HostContext, text: str, **fields: object) -> str:
    outcome = await context.run(request(text, **fields))
    assert outcome.result is not None
    return outcome.result.text


async def sessions_of(context: HostContext) -> SessionView:
    return await context.sessions(CALLER)


async def test_a_named_session_remembers() -> None:
    async with hosted(recall) as context:
        assert not await said(context, "one", session="mine")
        assert await said(context, "two", session="mine") == "one"
        assert await said(context, "three", session="mine") == "one|two"


async def test_a_session_is_found_by_the_id_it_was_given() -> None:
    async with hosted(recall) as context:
        first = await context.run(request("one"))
        session_id = first.run.session_id
        assert session_id is not None
        assert session_id.startswith("ses_")
        assert await said(context, "two", session=session_id) == "one"


async def test_without_a_session_each_turn_begins_anew() -> None:
    async with hosted(recall) as context:
        await said(context, "one")
        assert not await said(context, "two")


async def test_the_same_name_is_another_session_for_another_person() -> None:
    async with hosted(recall) as context:
        mine = await context.run(request("secret", session="s"))
        with acting_as("bob"):
            assert not await said(context, "hello", session="s")
            view = await sessions_of(context)
            for wanted in (mine.run.session_id or "", "ses_made_up", "unknown"):
                for call in (view.get(wanted), view.delete(wanted), view.reset(wanted)):
                    with pytest.raises(NotFoundError) as caught:
                        await call
                    assert str(caught.value) == "There is no such session."
            with pytest.raises(NotFoundError):
                await context.run(request(session=mine.run.session_id))


async def test_a_reset_session_carries_on_under_its_name_and_keeps_the_old_history() -> None:
    async with hosted(recall) as context:
        first = await context.run(request("one", session="s"))
        view = await sessions_of(context)
        opened = await view.reset("s")
        assert opened.name == "s"
        assert opened.id != first.run.session_id
        assert not await said(context, "two", session="s")
        old = await view.get(first.run.session_id or "")
        assert [message.text for message in old.messages] == ["one", ""]
        assert old.session.superseded_by == opened.id
        with pytest.raises(SessionResetError, match=opened.id):
            await context.run(request(session=first.run.session_id))
        with pytest.raises(SessionResetError, match=opened.id):
            await view.reset(first.run.session_id or "")


async def test_a_history_is_read_back_stretch_by_stretch() -> None:
    async with hosted(recall) as context:
        for text in "abcd":
            await said(context, text, session="s")
        view = await sessions_of(context)
        newest = await view.get("s", limit=3)
        older = await view.get("s", limit=3, before=newest.earlier)
        oldest = await view.get("s", limit=3, before=older.earlier)
        whole = await view.get("s")
        assert (newest.earlier, older.earlier, oldest.earlier, whole.earlier) == (5, 2, 0, 0)
        assert oldest.messages + older.messages + newest.messages == whole.messages
        assert (await view.get("s", before=0)).messages == ()
        with pytest.raises(RequestError, match="before"):
            await view.get("s", before=-1)


async def test_a_session_without_a_name_can_be_reset() -> None:
    async with hosted(recall) as context:
        first = await context.run(request("one"))
        opened = await (await sessions_of(context)).reset(first.run.session_id or "")
        assert not await said(context, "two", session=opened.id)


async def test_a_deleted_session_is_gone_and_its_name_is_free() -> None:
    async with hosted(recall) as context:
        await said(context, "one", session="s")
        view = await sessions_of(context)
        await view.delete("s")
        with pytest.raises(NotFoundError):
            await view.get("s")
        assert not await said(context, "two", session="s")


async def test_modes_required_and_disabled() -> None:
    async with hosted(recall, session_mode=SessionMode.REQUIRED) as context:
        with pytest.raises(SessionRequiredError):
            await context.run(request())
        assert not await said(context, "one", session="s")
    async with hosted(recall, session_mode=SessionMode.DISABLED) as context:
        outcome = await context.run(request(session="s"))
        assert outcome.run.session_id is None
    async with hosted(recall) as context:
        outcome = await context.run(request(session_mode=SessionMode.DISABLED))
        assert outcome.run.session_id is None


@pytest.mark.parametrize("name", ["", "x" * 257, "a\nb", "a\x00b", "\ud800"])
async def test_a_name_that_is_none_is_refused(name: str) -> None:
    async with hosted(recall) as context:
        with pytest.raises(RequestError, match="printable"):
            await context.run(request(session=name))
        with pytest.raises(RequestError, match="printable"):
            await (await sessions_of(context)).get(name)


async def test_history_is_trimmed_to_whole_turns() -> None:
    policy = SessionPolicy(history_limit_messages=5, history_limit_characters=1000)
    async with hosted(recall, session_policy=policy) as context:
        for text in ("one", "two", "three"):
            await said(context, text, session="s")
        assert await said(context, "four", session="s") == "two|three"
        await said(context, "x" * 2000, session="s")
        assert not await said(context, "five", session="s")
        whole = await (await sessions_of(context)).get("s")
        assert len(whole.messages) == 12
        part = await (await sessions_of(context)).get("s", limit=3)
        assert (len(part.messages), part.earlier) == (3, 9)
        with pytest.raises(RequestError, match="limit"):
            await (await sessions_of(context)).get("s", limit=0)


async def use_a_tool(turn: Turn) -> RunResult:
    return RunResult(
        messages=(
            Message(role="assistant", parts=(ToolCallPart(call_id="1", name="t"),)),
            Message(role="tool", parts=(ToolResultPart(call_id="1", name="t", result=[1]),)),
            Message(role="assistant", parts=(TextPart(text="done"),), metadata={"k": 1}),
        )
    )


async def test_tool_traffic_is_kept_whole_and_messages_get_their_ids() -> None:
    async with hosted(use_a_tool) as context:
        await context.run(request("go", session="s"))
        history = await (await sessions_of(context)).get("s")
    assert [message.role for message in history.messages] == [
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert history.messages[2].parts == (ToolResultPart(call_id="1", name="t", result=[1]),)
    assert history.messages[3].metadata == {"k": 1}
    assert len({message.id for message in history.messages}) == 4


async def test_a_turn_costs_the_same_however_long_the_session() -> None:
    """Counted in what is read and written, not in seconds."""
    async with hosted(recall, store=(store := CountingStore(MemoryStateStore()))) as context:
        for number in range(60):
            await said(context, str(number), session="s")
        store.reset()
        await said(context, "early", session="s")
        early = store.total_bytes
        for number in range(2000):
            await said(context, str(number), session="s")
        store.reset()
        await said(context, "late!", session="s")
    assert store.total_bytes < early * 1.2
