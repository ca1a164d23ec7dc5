"""Commands: answered by the host, for those who may, and in a group with care."""

import asyncio
from datetime import timedelta

import pytest

from agent_host import Command
from agent_host.context import current_principal
from agent_host.errors import (
    CommandError,
    ConfigurationError,
    DeniedError,
    LinkRequiredError,
    NotFoundError,
    RequestError,
    SessionResetError,
    TooLargeError,
    UnauthenticatedError,
)
from agent_host.protocols.command import CommandCall
from agent_host.protocols.host_context import HostContext
from agent_host.system import SystemIdFactory
from agent_host.types import (
    Caller,
    ChannelIdentity,
    CommandAnswer,
    CommandRequest,
    Conversation,
    Decision,
    Denied,
    IsolationKey,
    LinkRequired,
    Message,
    Principal,
    RunPolicy,
    RunStatus,
)
from agent_host.types.command import ARGUMENTS_LIMIT
from tests.host.harness import CALLER, acting_as, finished, hosted, request

IDENTITY = ChannelIdentity(channel="chat", account="bot", native_id="U-77")
GROUP = Conversation(id="room", kind="group")


async def echo(text: str) -> str:
    return text


async def forever(text: str) -> str:
    await asyncio.Event().wait()
    return text


def in_chat(conversation: Conversation | None = None) -> Caller:
    return Caller(channel="chat", account="bot", identity=IDENTITY, conversation=conversation)


def asked(name: str, session: str | None = None, **fields: object) -> CommandRequest:
    caller = fields.pop("caller", CALLER)
    assert isinstance(caller, Caller)
    arguments = str(fields.pop("arguments", ""))
    return CommandRequest(caller=caller, name=name, session=session, arguments=arguments)


def text_of(answer: CommandAnswer) -> str:
    return "\n".join(message.text for message in answer.messages)


class Refusing:
    """An authorizer that decides one thing."""

    def __init__(self, decision: Decision) -> None:
        self._decision = decision

    async def authorize(
        self, caller: Caller, *, principal: Principal, isolation_key: IsolationKey
    ) -> Decision:
        return self._decision


async def history(context: HostContext, session: str) -> list[str]:
    view = await context.sessions(CALLER)
    return [message.text for message in (await view.get(session)).messages]


async def test_new_begins_a_session_anew_and_keeps_the_old_one() -> None:
    async with hosted(echo) as context:
        run = (await context.run(request("before", session="chat"))).run
        answer = await context.command(asked("new", "chat"))
        assert text_of(answer)
        await context.run(request("after", session="chat"))
        assert await history(context, "chat") == ["after", "after"]
        assert await history(context, str(run.session_id)) == ["before", "before"]
        named = await (await context.sessions(CALLER)).get("chat")
        assert answer.facts == {"session_id": named.session.id}


async def test_new_before_the_first_word_is_no_error() -> None:
    async with hosted(echo) as context:
        assert (await context.command(asked("new", "chat"))).facts == {"session_id": None}


async def test_new_needs_a_session_that_goes_on() -> None:
    async with hosted(echo) as context:
        with pytest.raises(RequestError):
            await context.command(asked("new"))
        run = (await context.run(request("hello", session="chat"))).run
        await context.command(asked("new", "chat"))
        with pytest.raises(SessionResetError):
            await context.command(asked("new", str(run.session_id)))


async def test_cancel_stops_the_turn_and_says_who_waits() -> None:
    policy = RunPolicy(cancel_grace=timedelta())
    async with hosted(forever, run_policy=policy) as context:
        first = (await context.start(request("one", session="chat"))).run
        second = (await context.start(request("two", session="chat"))).run
        other = (await context.start(request("three", session="other"))).run
        answer = await context.command(asked("cancel", "chat"))
        assert answer.facts == {"run_id": first.id, "waiting": 1}
        assert (await finished(context, first.id)).run.status is RunStatus.CANCELLED
        assert (await context.command(asked("cancel", "chat"))).facts["run_id"] == second.id
        assert (await context.command(asked("cancel", "chat"))).facts["run_id"] is None
        # Without a session it is whatever the caller has going on.
        assert (await context.command(asked("cancel"))).facts["run_id"] == other.id
        assert (await context.command(asked("cancel", "nobody"))).facts["run_id"] is None


async def test_cancel_stops_the_turn_and_not_one_behind_it_whatever_their_ids() -> None:
    class Falling(SystemIdFactory):
        """Each id sorts before the last, as two of one millisecond may."""

        def __init__(self) -> None:
            self._left = 10**6

        def new(self, prefix: str) -> str:
            self._left -= 1
            return f"{prefix}{self._left:012x}{super().new('')}"

    policy = RunPolicy(cancel_grace=timedelta())
    async with hosted(forever, run_policy=policy, ids=Falling()) as context:
        first = (await context.start(request("one", session="chat"))).run
        second = (await context.start(request("two", session="chat"))).run
        assert second.id < first.id
        assert (await context.command(asked("cancel", "chat"))).facts["run_id"] == first.id
        await context.command(asked("cancel", "chat"))


async def test_cancel_finds_a_turn_that_is_too_young_to_be_stored() -> None:
    began = asyncio.Event()

    async def target(_: str) -> str:
        began.set()
        await asyncio.Event().wait()
        return ""

    async with hosted(target, run_policy=RunPolicy(cancel_grace=timedelta())) as context:
        turn = asyncio.ensure_future(context.run(request("hello")))
        await began.wait()
        answer = await context.command(asked("cancel"))
        hosted_result = await turn
        assert answer.facts["run_id"] == hosted_result.run.id
        assert hosted_result.run.status is RunStatus.CANCELLED


async def test_cancel_reaches_nobody_elses_turn() -> None:
    async with hosted(forever, run_policy=RunPolicy(cancel_grace=timedelta())) as context:
        run = (await context.start(request("mine", session="chat"))).run
        with acting_as("mallory"):
            for session in ("chat", str(run.session_id), None):
                answer = await context.command(asked("cancel", session))
                assert answer.facts == {"run_id": None, "waiting": 0}
        await context.command(asked("cancel"))


async def test_whoami_tells_a_person_the_ids_of_this_place() -> None:
    async with hosted(echo) as context:
        answer = await context.command(asked("whoami", caller=in_chat()))
        assert "U-77 on chat (bot)" in text_of(answer)
        assert str(answer.facts["isolation_key"]) in text_of(answer)
        plain = await context.command(asked("whoami"))
        assert plain.facts["principal"] == {"kind": "token", "id": "alice"}


async def test_whoami_tells_a_group_nothing() -> None:
    async with hosted(echo) as context:
        answer = await context.command(asked("whoami", caller=in_chat(GROUP)))
        assert answer.facts == {}
        assert "private" in text_of(answer)
        assert "U-77" not in text_of(answer)


async def test_help_lists_the_hosts_commands_and_the_apps() -> None:
    async def sing(_: CommandCall) -> str:
        return "la"

    async with hosted(echo, commands=[Command("sing", "Sing a song", sing)]) as context:
        answer = await context.command(asked("help"))
        assert "/sing: Sing a song" in text_of(answer)
        assert [info.name for info in context.commands] == [
            "new",
            "cancel",
            "whoami",
            "help",
            "sing",
        ]


async def test_an_apps_command_sees_its_caller_and_what_is_theirs() -> None:
    async def count(call: CommandCall) -> Message:
        page = await call.runs.list()
        said = f"{call.principal.id} {call.request.arguments} {len(page.items)} {call.is_in_group}"
        return Message.assistant(said)

    async with hosted(echo, commands=[Command("count", "Count", count)]) as context:
        await context.start(request())
        answer = await context.command(asked("count", arguments="runs"))
        assert text_of(answer) == "alice runs 1 False"
        with acting_as("bob"):
            answer = await context.command(asked("count", arguments="runs"))
        assert text_of(answer) == "bob runs 0 False"
        answer = await context.command(asked("count", caller=in_chat(GROUP)))
        assert text_of(answer).endswith("True")


async def test_an_unknown_command_is_not_swallowed() -> None:
    async with hosted(echo) as context:
        with pytest.raises(NotFoundError):
            await context.command(asked("sing"))
        with pytest.raises(TooLargeError):
            await context.command(asked("help", arguments="x" * (ARGUMENTS_LIMIT + 1)))


@pytest.mark.parametrize(
    ("decision", "error"),
    [
        (Denied(reason_code="no", user_message="Go away."), DeniedError),
        (LinkRequired(challenge="CODE-42"), LinkRequiredError),
    ],
)
async def test_who_may_not_is_refused_and_in_a_group_met_with_silence(
    decision: Decision, error: type[Exception]
) -> None:
    async with hosted(echo, authorizer=Refusing(decision)) as context:
        for name in ("help", "whoami", "nobody"):
            with pytest.raises(error):
                await context.command(asked(name, caller=in_chat()))
            answer = await context.command(asked(name, caller=in_chat(GROUP)))
            assert answer == CommandAnswer()


async def test_nobody_is_answered_who_did_not_say_who_they_are() -> None:
    async with hosted(echo) as context:
        token = current_principal.set(None)
        try:
            with pytest.raises(UnauthenticatedError):
                await context.command(asked("help"))
        finally:
            current_principal.reset(token)


async def test_a_denial_by_a_command_is_silent_in_a_group_too() -> None:
    async def secret(_: CommandCall) -> str:
        raise DeniedError("Only for the chief.")

    async with hosted(echo, commands=[Command("secret", "Secret", secret)]) as context:
        with pytest.raises(DeniedError):
            await context.command(asked("secret"))
        answer = await context.command(asked("secret", caller=in_chat(GROUP)))
        assert answer == CommandAnswer()


async def test_a_command_that_fails_tells_nothing_of_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken(_: CommandCall) -> str:
        raise ValueError("password=plum")

    async def wrong(_: CommandCall) -> str:
        return 7  # type: ignore[return-value]

    async def slow(_: CommandCall) -> str:
        await asyncio.Event().wait()
        return ""

    commands = [
        Command(name, "Fails", one) for name, one in zip("abc", (broken, wrong, slow), strict=True)
    ]
    policy = RunPolicy(time_limit=timedelta(milliseconds=50))
    async with hosted(echo, commands=commands, run_policy=policy) as context:
        for name in "abc":
            with pytest.raises(CommandError) as caught:
                await context.command(asked(name))
            assert "plum" not in str(caught.value)
    assert "plum" not in caplog.text


@pytest.mark.parametrize(
    "command",
    [
        Command("new", "Taken by the host", echo),  # type: ignore[arg-type]
        Command("Loud", "x", echo),  # type: ignore[arg-type]
        Command("a" * 33, "x", echo),  # type: ignore[arg-type]
        Command("fine", "", echo),  # type: ignore[arg-type]
        Command("fine", "x" * 101, echo),  # type: ignore[arg-type]
        Command("fine", "two\nlines", echo),  # type: ignore[arg-type]
    ],
)
async def test_what_no_menu_could_show_is_refused_at_start(command: Command) -> None:
    with pytest.raises(ConfigurationError):
        async with hosted(echo, commands=[command]):
            pass
