"""Lists of platforms' own ids: immutable ones, never user names or display names."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import timedelta
from typing import Self, TypeAlias

from agent_host.errors import ConfigurationError
from agent_host.identity.allowlist.loaded import TIME_TO_LIVE, LoadedValue
from agent_host.protocols.access_policy import Allowlist
from agent_host.protocols.clock import Clock
from agent_host.system import SystemClock
from agent_host.types.visitor import Verdict, Visitor

NativeIds: TypeAlias = Mapping[str, Iterable[str]]
"""By channel. For callers that an authenticator names it is `@api_key` or `@token`."""


class NativeIdAllowlist:
    """Allows the ids that are listed for the channel of the identity, and denies others of that
    channel. It abstains on channels that it does not list, where another list may decide.

    Ids are compared by their code points.

    Raises:
        ConfigurationError: the list, or that of a channel, is empty.
    """

    __slots__ = ("_ids", "_loaded")

    def __init__(self, ids: NativeIds) -> None:
        self._loaded: LoadedValue[Mapping[str, frozenset[str]]] | None = None
        self._ids = _frozen(ids)
        if not self._ids or not all(self._ids.values()):
            raise ConfigurationError(
                "A list of native ids is empty and would let nobody in; list ids, or leave the "
                "channel out."
            )

    @classmethod
    def loaded(
        cls,
        load: Callable[[], Awaitable[NativeIds]],
        *,
        time_to_live: timedelta = TIME_TO_LIVE,
        clock: Clock | None = None,
    ) -> Self:
        """One whose ids come from elsewhere, and come again when they are older than
        `time_to_live`. While they cannot be had nobody is let in by it.
        """

        async def load_frozen() -> Mapping[str, frozenset[str]]:
            return _frozen(await load())

        made = cls.__new__(cls)
        made._ids = {}  # noqa: SLF001 - its own class
        made._loaded = LoadedValue(  # noqa: SLF001
            load_frozen, clock=clock or SystemClock(), time_to_live=time_to_live
        )
        return made

    @property
    def channels(self) -> frozenset[str]:
        """The channels it lists, as far as that is known before it is loaded."""
        return frozenset(self._ids)

    @property
    def parts(self) -> tuple[Allowlist, ...]:
        """None."""
        return ()

    async def judge(self, visitor: Visitor) -> Verdict:
        """By the identity's channel and native id.

        Raises:
            Exception: the list cannot be loaded. Who asks takes that for a no.
        """
        ids = self._ids if self._loaded is None else await self._loaded.get()
        listed = ids.get(visitor.identity.channel)
        if listed is None:
            return Verdict.ABSTAIN
        return Verdict.ALLOW if visitor.identity.native_id in listed else Verdict.DENY


def _frozen(ids: NativeIds) -> dict[str, frozenset[str]]:
    for listed in ids.values():
        if isinstance(listed, str):
            raise ConfigurationError("A list of native ids is a list, not one text.")
    return {channel: frozenset(listed) for channel, listed in ids.items()}


__all__ = ["NativeIdAllowlist", "NativeIds"]
