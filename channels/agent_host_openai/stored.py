"""Responses that can be fetched: views of runs, looked up under their owner.

Of a response itself only this is kept beside its run: that it was deleted, and what the caller said
when it answered a call (`stretches`, see `identifier`).
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias, cast

from agent_host.errors import ConflictError, NotFoundError
from agent_host.protocols.host_context import HostContext, RunView
from agent_host.types import Caller, ChannelRecord, HostedResult, JournalEntry, Run, RunStatus
from agent_host_openai.identifier import ResponseKey, parse_response_id, response_id
from agent_host_openai.model import ModelCatalogue
from agent_host_openai.narration import Narration
from agent_host_openai.outbound import echo_of, from_result, response_fields
from agent_host_openai.question import Fields

CREATE: Final = "create_response"
"""The operation of runs that are responses."""

SETTLED: Final = frozenset(
    {RunStatus.INPUT_REQUIRED, RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELLED}
)
"""Nothing happens by itself any more."""

_Change: TypeAlias = Callable[[Mapping[str, Any]], Mapping[str, Any]]
_TRIES: Final = 3
_NOTHING: Final = ChannelRecord(value={}, version=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResponse:
    """One response: its run, which part of it, and what is kept of the later parts."""

    view: RunView
    hosted: HostedResult
    stretch: int
    stretches: Sequence[Mapping[str, Any]] = ()

    @property
    def run(self) -> Run:
        """The run it is a view of."""
        return self.hosted.run

    @property
    def id(self) -> str:
        """Its id on the wire."""
        return response_id(self.run.id, self.stretch)

    @property
    def is_last(self) -> bool:
        """Whether the run has not gone on behind it."""
        return self.stretch == len(self.stretches)

    @property
    def is_settled(self) -> bool:
        """Whether it changes no more."""
        return not self.is_last or self.run.status in SETTLED

    @property
    def waits(self) -> bool:
        """Whether the run waits for an answer to it."""
        return self.is_last and self.run.status is RunStatus.INPUT_REQUIRED


class ResponseShelf:
    """Finds responses and tells them."""

    def __init__(self, context: HostContext, *, channel: str, models: ModelCatalogue) -> None:
        self._context = context
        self._channel = channel
        self._models = models
        self._label = context.target.name

    async def find(self, caller: Caller, text: str) -> StoredResponse:
        """The response with this id.

        Raises:
            NotFoundError: it is not the caller's, or there is none, or none any more.
        """
        view = await self._context.runs(caller)
        key = parse_response_id(text)
        found = None if key is None else await self.find_run(caller, view, key.run_id)
        if key is None or found is None or echo_of(found.run).get("store") is False:
            raise _no_response()
        kept = await self._kept(caller, key)
        stretches = _stretches(kept)
        if key.stretch > len(stretches) or key.stretch in _deleted(kept):
            raise _no_response()
        return replace(found, stretch=key.stretch, stretches=stretches)

    async def find_run(self, caller: Caller, view: RunView, run_id: str) -> StoredResponse | None:
        """The run as its newest response, if it is one of ours."""
        try:
            hosted = await view.get(run_id)
        except NotFoundError:
            return None
        run = hosted.run
        if run.channel != self._channel or run.operation != CREATE:
            return None
        if run.status is not RunStatus.INPUT_REQUIRED:
            return StoredResponse(view=view, hosted=hosted, stretch=0)
        stretches = _stretches(await self._kept(caller, ResponseKey(run_id, 0)))
        return StoredResponse(view=view, hosted=hosted, stretch=len(stretches), stretches=stretches)

    async def go_on(
        self, caller: Caller, found: StoredResponse, said: Mapping[str, Any]
    ) -> StoredResponse:
        """The run was answered: keep what the caller said with it; the response that begins."""
        stretches = (*found.stretches, said)
        await self._keep(caller, found.run.id, lambda kept: {**kept, "stretches": list(stretches)})
        hosted = await found.view.get(found.run.id)
        return replace(found, hosted=hosted, stretch=len(stretches), stretches=stretches)

    async def delete(self, caller: Caller, found: StoredResponse) -> None:
        """Nobody finds it from now on."""
        await self._keep(
            caller,
            found.run.id,
            lambda kept: {**kept, "deleted": sorted({*_deleted(kept), found.stretch})},
        )

    async def fields(self, found: StoredResponse) -> Fields:
        """The response as it stands."""
        run = found.run
        echo = echo_of(run)
        if not found.is_settled:
            return self.begun(found)
        is_whole = not found.stretches and run.status is RunStatus.COMPLETED
        if is_whole and not echo.get("stream") and not echo.get("background"):
            return from_result(found.hosted, model=self._models.default, server_label=self._label)
        narration = self.narration(found)
        narration.begin()
        async with _closing(found.view.events(run.id)) as entries:
            async for entry in entries:
                narration.tell(entry)
                if narration.is_over:
                    break
        return narration.response

    def narration(self, found: StoredResponse) -> Narration:
        """To tell its events from the start."""
        return self._narration(self.begun(found), found.run, found.stretch)

    def first_narration(self, run: Run) -> Narration:
        """The same of a run that has only begun."""
        return self._narration(response_fields(run, model=self._models.default), run, 0)

    def _narration(self, response: Fields, run: Run, stretch: int) -> Narration:
        return Narration(
            response,
            run_id=run.id,
            stretch=stretch,
            server_label=self._label,
            goes_on=self._context.capabilities.checkpoints,
        )

    def begun(self, found: StoredResponse) -> Fields:
        """The response without output."""
        model, stretch = self._models.default, found.stretch
        if stretch == 0:
            return response_fields(found.run, model=model)
        said = found.stretches[stretch - 1]
        first = echo_of(found.run)
        echo = {
            **{name: first[name] for name in ("model", "tools", "conversation") if name in first},
            **said["echo"],
        }
        fields = response_fields(found.run, model=model, stretch=stretch, echo=echo)
        return {**fields, "created_at": said["created_at"], "metadata": said["metadata"]}

    async def _kept(self, caller: Caller, key: ResponseKey) -> Mapping[str, Any]:
        records = await self._context.records(caller)
        return (await records.get(_name(key.run_id)) or _NOTHING).value

    async def _keep(self, caller: Caller, run_id: str, change: _Change) -> None:
        records = await self._context.records(caller)
        for tries_left in reversed(range(_TRIES)):
            kept = await records.get(_name(run_id)) or _NOTHING
            try:
                await records.put(_name(run_id), change(kept.value), expect=kept.version)
            except ConflictError:
                if not tries_left:
                    raise
            else:
                return


async def told(
    narration: Narration, entries: AsyncIterator[JournalEntry], *, after: int = -1
) -> AsyncGenerator[bytes]:
    """The frames of a response, those up to the number `after` left out."""
    skip = after + 1
    async with _closing(entries):
        frames = narration.begin()
        while True:
            if skip:
                left = frames[skip:]
                skip -= len(frames) - len(left)
                frames = left
            if frames:
                yield b"".join(frames)
            if narration.is_over:
                return
            entry = await anext(entries, None)
            if entry is None:
                return
            frames = narration.tell(entry)


@asynccontextmanager
async def _closing(
    entries: AsyncIterator[JournalEntry],
) -> AsyncGenerator[AsyncIterator[JournalEntry]]:
    try:
        yield entries
    finally:
        if isinstance(entries, AsyncGenerator):
            await entries.aclose()


def _name(run_id: str) -> str:
    return f"response:{run_id}"


def _stretches(kept: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return tuple(cast("Sequence[Mapping[str, Any]]", kept.get("stretches", ())))


def _deleted(kept: Mapping[str, Any]) -> frozenset[int]:
    return frozenset(cast("Sequence[int]", kept.get("deleted", ())))


def _no_response() -> NotFoundError:
    return NotFoundError("response")


__all__ = ["CREATE", "SETTLED", "ResponseShelf", "StoredResponse", "told"]
