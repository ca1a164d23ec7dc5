"""What a call goes on from: a response before it, a conversation, or a run that waits for the
output of a tool. Everything a caller names is looked up under its owner.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from agent_host.errors import NotFoundError
from agent_host.protocols.host_context import HostContext
from agent_host.types import Caller, ChannelRequest, JsonValue, Message, Run, RunStatus
from agent_host_openai.conversation_record import ConversationShelf, KeptConversation
from agent_host_openai.history import newest_mark, turn_end
from agent_host_openai.identifier import parse_asked_id
from agent_host_openai.inbound import ResponseCall, to_request
from agent_host_openai.item import ItemInput
from agent_host_openai.outbound import echo_of
from agent_host_openai.problem import unsupported
from agent_host_openai.question import no_call, run_asked_by, to_answers
from agent_host_openai.stored import ResponseShelf, StoredResponse
from agent_host_openai.transcript import read_back

_NEWEST: Final = 8
_CARRIED: Final = 1000
"""The most messages that a branch takes along, and the most that are searched for a mark."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """The call answers what a run asks."""

    found: StoredResponse
    values: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turning:
    """The call is a turn. `conversation` is the one it belongs to, as it was found."""

    request: ChannelRequest
    conversation: KeptConversation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeating:
    """The call was made before: its answer to a run led to this response."""

    found: StoredResponse


class Continuation:
    """Makes plans of calls that lead back to something."""

    def __init__(
        self,
        context: HostContext,
        *,
        caller: Caller,
        shelf: ResponseShelf,
        conversations: ConversationShelf,
    ) -> None:
        self._context = context
        self._caller = caller
        self._shelf = shelf
        self._conversations = conversations

    async def plan(self, call: ResponseCall, key: str | None) -> Answering | Turning | Repeating:
        """What to do.

        Raises:
            NotFoundError: a response or conversation is not the caller's.
            WireError: it does not fit what it leads back to.
        """
        memo: Mapping[str, Any] = {} if key is None else await self._memo(key)
        answered = memo.get("response")
        if isinstance(answered, str):
            return Repeating(found=await self._shelf.find(self._caller, answered))
        if call.previous is not None:
            return await self._chained(call, call.previous, key=key, memo=memo)
        answering = await self._answering(call.given)
        if answering is not None:
            return answering
        if call.conversation is not None:
            return await self._conversing(call, call.conversation, key)
        request = to_request(call, caller=self._caller, idempotency_key=key)
        return Turning(request=request)

    async def remember(self, key: str, memo: Mapping[str, JsonValue]) -> None:
        """What was decided about a call, for when it is sent again."""
        records = await self._context.records(self._caller)
        await records.put(_memo_name(key), memo)

    async def _memo(self, key: str) -> Mapping[str, Any]:
        records = await self._context.records(self._caller)
        kept = await records.get(_memo_name(key))
        return {} if kept is None else kept.value

    async def _answering(self, given: ItemInput) -> Answering | None:
        run_id = run_asked_by(given.tail) if given.tail else None
        if run_id is None:
            return None
        view = await self._context.runs(self._caller)
        found = await self._shelf.find_run(self._caller, view, run_id)
        if found is None or not found.waits:
            return None
        answers = ItemInput(messages=(), replies=given.tail)
        return Answering(found=found, values=to_answers(run_id, found.run.questions, answers))

    async def _chained(
        self, call: ResponseCall, previous: str, *, key: str | None, memo: Mapping[str, Any]
    ) -> Answering | Turning:
        found = await self._shelf.find(self._caller, previous)
        run = found.run
        if found.waits:
            return Answering(found=found, values=to_answers(run.id, run.questions, call.given))
        for reply in call.given.replies:
            if parse_asked_id(reply.id) is not None:
                raise no_call(reply)
        if run.session_id is None:
            raise unsupported("previous_response_id", "this host keeps no sessions")
        branches = memo.get("branches")
        if branches is None:
            branches = await self._branches(found)
            if key is not None:
                await self.remember(key, {"branches": branches})
        history: tuple[Message, ...] = ()
        if branches or not call.store:
            history = await self._history(run, run.session_id)
        request = to_request(
            call,
            caller=self._caller,
            history=history,
            session=None if branches else run.session_id,
            mark=previous,
            idempotency_key=key,
        )
        return Turning(request=request)

    async def _history(self, run: Run, session: str) -> tuple[Message, ...]:
        """What was said up to the end of the run's turn, or by now where it left nothing."""
        mark = echo_of(run).get("mark")

        def enough(messages: Sequence[Message]) -> bool:
            end = None if mark is None else turn_end(messages, mark)
            return end is not None and end >= _CARRIED

        sessions = await self._context.sessions(self._caller)
        try:
            if run.status is not RunStatus.COMPLETED:
                return (await sessions.get(session, limit=_CARRIED)).messages
            found = await read_back(sessions, session, enough)
        except NotFoundError:
            raise NotFoundError("response") from None
        end = turn_end(found.messages, mark)
        if found.earlier and (mark is None or end is None):
            raise unsupported("previous_response_id", "too much was said since")
        return found.messages[:end][-_CARRIED:]

    async def _branches(self, found: StoredResponse) -> bool:
        """Whether the session has gone on since."""
        run = found.run
        if run.session_id is None or not run.status.is_terminal:
            return run.status is RunStatus.INPUT_REQUIRED
        mark = echo_of(run).get("mark")
        for limit in (_NEWEST, _CARRIED):
            messages = await self._messages(run.session_id, limit)
            newest = newest_mark(messages)
            if newest is not None:
                return newest != mark
            if len(messages) < limit:
                return False  # all of it is seen: it is the session's first turn
        return False

    async def _messages(self, session: str, limit: int) -> tuple[Message, ...]:
        sessions = await self._context.sessions(self._caller)
        try:
            return (await sessions.get(session, limit=limit)).messages
        except NotFoundError:
            raise NotFoundError("response") from None

    async def _conversing(
        self, call: ResponseCall, conversation_id: str, key: str | None
    ) -> Turning:
        kept = await self._conversations.find(self._caller, conversation_id)
        pending = self._conversations.pending_messages(kept)
        given = replace(call.given, messages=(*pending, *call.given.messages))
        call = replace(call, given=given)
        history: tuple[Message, ...] = ()
        if not call.store:
            history = (await self._conversations.messages(self._caller, conversation_id)) or ()
        request = to_request(
            call,
            caller=self._caller,
            history=history,
            session=conversation_id,
            mark=self._context.ids.new("turn_") if key is None else f"turn_{_digest(key)}",
            idempotency_key=key,
        )
        return Turning(request=request, conversation=kept)


def _memo_name(key: str) -> str:
    return f"key:{_digest(key)}"


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


__all__ = ["Answering", "Continuation", "Repeating", "Turning"]
