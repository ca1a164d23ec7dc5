"""What a channel keeps for a person with linked identities."""

from collections.abc import Callable

from agent_host.host.person.holding import Holding
from agent_host.protocols.host_context import RecordView
from agent_host.types.channel_record import ChannelRecord, RecordLife
from agent_host.types.json import JsonObject
from agent_host.types.principal import Owner


class HeldRecords:
    """The `RecordView` of a person. A name that was taken before they linked stays where it is,
    beside the run or session that it is about; a new one is their own.
    """

    def __init__(self, holding: Holding, records_of: Callable[[Owner], RecordView]) -> None:
        self._holding = holding
        self._records_of = records_of

    async def get(self, name: str) -> ChannelRecord | None:
        """What is kept under the name."""
        return (await self._find(name))[1]

    async def put(
        self,
        name: str,
        value: JsonObject,
        *,
        expect: int | None = None,
        life: RecordLife = RecordLife.SESSION,
    ) -> None:
        """Keep a value; with `expect` only over that version, 0 for none."""
        view, _ = await self._find(name)
        await view.put(name, value, expect=expect, life=life)

    async def delete(self, name: str) -> None:
        """Forget it."""
        view, _ = await self._find(name)
        await view.delete(name)

    async def _find(self, name: str) -> tuple[RecordView, ChannelRecord | None]:
        own = self._records_of(self._holding.owner)
        if (record := await own.get(name)) is not None:
            return own, record
        for owner in await self._holding.others():
            view = self._records_of(owner)
            if (record := await view.get(name)) is not None:
                return view, record
        return own, None


__all__ = ["HeldRecords"]
