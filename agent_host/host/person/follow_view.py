"""What is told of the runs of a person with linked identities."""

from collections.abc import Callable, Sequence

from agent_host.host.person.holding import Holding
from agent_host.host.person.search import first_found
from agent_host.host.run.reader import RunReader
from agent_host.protocols.follow import FollowView
from agent_host.types.follow import Follow
from agent_host.types.json import JsonObject
from agent_host.types.principal import Owner


class HeldFollows:
    """The `FollowView` of a person: a follow is where its run is."""

    def __init__(
        self,
        holding: Holding,
        reader_of: Callable[[Owner], RunReader],
        follows_of: Callable[[Owner], FollowView],
    ) -> None:
        self._holding = holding
        self._reader_of = reader_of
        self._follows_of = follows_of

    async def put(self, run_id: str, name: str, value: JsonObject, *, from_start: bool) -> Follow:
        """Follow a run, or change how."""
        return await (await self._at(run_id)).put(run_id, name, value, from_start=from_start)

    async def get(self, run_id: str, name: str) -> Follow:
        """One of them."""
        return await (await self._at(run_id)).get(run_id, name)

    async def list(self, run_id: str) -> Sequence[Follow]:
        """All of a run."""
        return await (await self._at(run_id)).list(run_id)

    async def delete(self, run_id: str, name: str) -> None:
        """Tell no more."""
        await (await self._at(run_id)).delete(run_id, name)

    async def _at(self, run_id: str) -> FollowView:
        found = await first_found(self._holding, lambda owner: self._reader_of(owner).get(run_id))
        return self._follows_of(found.run.owner)


__all__ = ["HeldFollows"]
