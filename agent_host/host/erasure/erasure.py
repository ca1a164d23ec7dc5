"""Erases people: every record by key, each batch in one commit with the count of what is gone.

It may be broken off anywhere and goes on where it was, in this process or the next.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import Final, Self, TypeAlias

from agent_host.errors import ConflictError, HostError, StoreUnavailableError
from agent_host.host.erasure.record import ERASURE_PREFIX, ErasureRecords, PendingErasure
from agent_host.host.erasure.subject import Subjects, owners_of
from agent_host.host.erasure.task import tasks_of
from agent_host.host.run.part import EngineParts
from agent_host.host.run.turn_stop import TurnStop
from agent_host.protocols.file_store import FileStore
from agent_host.protocols.scrub import ScrubbingStore
from agent_host.types.personal import ErasureReceipt, Holding, KnownPerson
from agent_host.types.principal import Owner
from agent_host.types.store import Delete, DeleteStream, Lease, Write

REASON: Final = "forgotten"
FILE: Final = "file"
TASK: Final = "task"
UNREADABLE: Final = "unreadable"

_BATCH: Final = 100
_PASSES: Final = 5
"""Somebody who talks on meanwhile leaves something new each time; that is not chased for ever."""

_LEASE_TIME: Final = timedelta(minutes=10)

_Going: TypeAlias = tuple[asyncio.Task[None], asyncio.Future[ErasureReceipt]]

logger = logging.getLogger(__name__)


class Erasures:
    """Entered once the engine is up. What an earlier process began goes on then, by itself."""

    def __init__(
        self, parts: EngineParts, *, files: FileStore, subjects: Subjects, stop: TurnStop
    ) -> None:
        self._parts = parts
        self._store = parts.store
        self._files = files
        self._subjects = subjects
        self._stop = stop
        self.records = ErasureRecords(parts.store)
        self._group = asyncio.TaskGroup()
        self._going_on: dict[Owner | str, _Going] = {}

    async def __aenter__(self) -> Self:
        pending = await self.records.pending()
        await self._group.__aenter__()
        for one in pending:
            logger.warning("erasure %s was broken off and goes on", one.id)
            self._begin(one.person or one.id, self._erase(one))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Break off what goes on: it is in the store, for the next process."""
        for task, _ in self._going_on.values():
            task.cancel()
        await self._group.__aexit__(None, None, None)

    async def forget(self, person: Owner) -> ErasureReceipt:
        """Erase somebody. It goes on whether or not the caller waits; who asks meanwhile waits for
        the same.

        Raises:
            StoreError: the store does not take it at the moment. It goes on when this is called
                again, or the host is started.
            ConflictError: another process is at it.
        """
        going_on = self._going_on.get(person)
        outcome = self._begin(person, self._forget(person)) if going_on is None else going_on[1]
        return await asyncio.shield(outcome)

    def _begin(
        self, key: Owner | str, work: Coroutine[None, None, ErasureReceipt]
    ) -> asyncio.Future[ErasureReceipt]:
        outcome: asyncio.Future[ErasureReceipt] = asyncio.get_running_loop().create_future()
        task = self._group.create_task(_see_to(work, outcome))
        self._going_on[key] = (task, outcome)
        task.add_done_callback(lambda _: self._going_on.pop(key, None))
        return outcome

    async def _forget(self, person: Owner) -> ErasureReceipt:
        known = await self.records.pending()
        pending = next((one for one in known if one.person == person), None)
        if pending is None:
            pending = PendingErasure(
                id=self._parts.ids.new(ERASURE_PREFIX),
                person=person,
                started_at=self._parts.clock.now(),
            )
            await self._store.commit([self.records.put(pending)])
        return await self._erase(pending)

    async def _erase(self, pending: PendingErasure) -> ErasureReceipt:
        place = self.records.place(pending.id)
        lease = await self._store.acquire(
            place, holder=self._parts.instance, time_to_live=_LEASE_TIME
        )
        if lease is None:
            raise ConflictError("Another process erases this person.")
        try:
            if pending.person is not None:
                pending = await self._erase_all(pending, pending.person, lease)
                # Only now, so that a crash does not leave a trace in the store's files for good.
                pending = replace(pending, person=None)
                await self._store.commit([self.records.put(pending)], fence=lease)
            if isinstance(self._store, ScrubbingStore):
                await self._store.scrub()
            receipt = ErasureReceipt(
                id=pending.id,
                started_at=pending.started_at,
                finished_at=self._parts.clock.now(),
                erased=pending.erased,
            )
            await self._store.commit(self.records.finish(receipt), fence=lease)
        finally:
            await self._store.release(lease)
        logger.info("erasure %s is over: %d erased", receipt.id, sum(receipt.erased.values()))
        return receipt

    async def _erase_all(
        self, pending: PendingErasure, owner: Owner, lease: Lease
    ) -> PendingErasure:
        for _ in range(_PASSES):
            person = await self._subjects.find(owner)
            for one in owners_of(person):
                await self._stop.stop_all(one, reason=REASON)
            before = pending.erased
            pending = await self._erase_tasks(pending, person, lease)
            pending = await self._erase_files(pending, person, lease)
            pending = await self._erase_records(pending, person, lease)
            if pending.erased == before:
                break
        return pending

    async def _erase_tasks(
        self, pending: PendingErasure, person: KnownPerson, lease: Lease
    ) -> PendingErasure:
        count = 0
        identities = [known.identity for known in person.identities]
        async for task in tasks_of(self._parts.runner, owners_of(person), identities):
            count += await self._parts.runner.erase(task.id)
        return await self._note(pending, {TASK: count}, (), lease)

    async def _erase_files(
        self, pending: PendingErasure, person: KnownPerson, lease: Lease
    ) -> PendingErasure:
        files = unreadable = 0
        for one in owners_of(person):
            files += await self._files.erase(one)
            if isinstance(self._store, ScrubbingStore):
                unreadable += await self._store.drop_unreadable(one)
        return await self._note(pending, {FILE: files, UNREADABLE: unreadable}, (), lease)

    async def _erase_records(
        self, pending: PendingErasure, person: KnownPerson, lease: Lease
    ) -> PendingErasure:
        batch: list[Holding] = []
        async for held in self._subjects.holdings(person):
            batch.append(held)
            if len(batch) == _BATCH:
                pending = await self._delete(pending, batch, lease)
                batch = []
        return await self._delete(pending, batch, lease)

    async def _delete(
        self, pending: PendingErasure, batch: list[Holding], lease: Lease
    ) -> PendingErasure:
        await self._store.renew(lease, time_to_live=_LEASE_TIME)
        writes = [DeleteStream(one.key) if one.is_stream else Delete(one.key) for one in batch]
        return await self._note(
            pending, Counter(one.key.collection for one in batch), writes, lease
        )

    async def _note(
        self,
        pending: PendingErasure,
        counts: Mapping[str, int],
        writes: Sequence[Write],
        lease: Lease,
    ) -> PendingErasure:
        """Do the writes, and count what is gone with them in one step."""
        erased = Counter(pending.erased)
        erased.update(counts)
        erased = +erased
        if erased == pending.erased:
            return pending
        pending = replace(pending, erased=dict(sorted(erased.items())))
        await self._store.commit([*writes, self.records.put(pending)], fence=lease)
        return pending


async def _see_to(
    work: Coroutine[None, None, ErasureReceipt], outcome: asyncio.Future[ErasureReceipt]
) -> None:
    """Whoever waits gets what comes of it; one that fails does not end the others."""
    try:
        outcome.set_result(await work)
    except asyncio.CancelledError:
        _fail(outcome, StoreUnavailableError("The host stops; the next one goes on with this."))
        raise
    except Exception as error:  # noqa: BLE001 - see above
        code = error.code if isinstance(error, HostError) else type(error).__name__
        logger.error("an erasure is not over: %s", code)  # noqa: TRY400
        _fail(outcome, error)


def _fail(outcome: asyncio.Future[ErasureReceipt], error: Exception) -> None:
    outcome.set_exception(error)
    outcome.exception()  # it was logged: nobody has to wait for it


__all__ = ["FILE", "REASON", "TASK", "UNREADABLE", "Erasures"]
