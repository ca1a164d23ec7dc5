"""Which endpoints of the configuration are gone, as their receivers said. Nothing else is kept of
them: it stands in the configuration.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config

from agent_host.errors import ConflictError, UnreadableRecordError
from agent_host.protocols.host_context import RecordView
from agent_host.types import Owner, RecordLife
from agent_host.types.identifier import ISOLATION_PREFIX, IsolationKey
from agent_host_webhook.config import SubscriberConfig

OPERATOR_OWNER: Final = Owner(
    tenant="default", isolation_key=IsolationKey(f"{ISOLATION_PREFIX}webhook.operator")
)
"""Whose the record is: nobody's, as no identity leads to this key."""

_NAME: Final = "gone"
_TRIES: Final = 8


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class GoneEndpoint:
    """It answered 410 at this URL; another one is another receiver."""

    url: str
    at: datetime


@with_config(ConfigDict(extra="forbid"))
@dataclass(frozen=True, slots=True, kw_only=True)
class KeptGone:
    """The record, by the names of the endpoints."""

    gone: dict[str, GoneEndpoint]
    version: Literal[1] = 1


_KEPT: Final = TypeAdapter(KeptGone)


class OperatorBook:
    """Two changes at once are both made."""

    def __init__(self, records: RecordView) -> None:
        self._records = records

    async def gone(self) -> Mapping[str, GoneEndpoint]:
        """Those that are not sent to, by name, as far as they have the URL of then."""
        return (await self._kept())[0]

    async def disable(self, subscriber: SubscriberConfig, at: datetime) -> None:
        """Its receiver is gone."""
        await self._set(subscriber.name, GoneEndpoint(url=subscriber.url, at=at))

    async def enable(self, name: str) -> None:
        """It is sent to again."""
        await self._set(name, None)

    async def _set(self, name: str, gone: GoneEndpoint | None) -> None:
        for tries_left in range(_TRIES - 1, -1, -1):
            kept, version = await self._kept()
            after = {other: one for other, one in kept.items() if other != name}
            if gone is not None:
                after[name] = gone
            value = _KEPT.dump_python(KeptGone(gone=after), mode="json")
            try:
                await self._records.put(_NAME, value, expect=version, life=RecordLife.OWNER)
            except ConflictError:
                if not tries_left:
                    raise
                continue
            return

    async def _kept(self) -> tuple[Mapping[str, GoneEndpoint], int]:
        record = await self._records.get(_NAME)
        if record is None:
            return {}, 0
        try:
            return _KEPT.validate_python(record.value).gone, record.version
        except ValidationError as error:
            message = "What is kept of the operator's endpoints is damaged, or of another release."
            raise UnreadableRecordError(message) from error


def gone_at(subscriber: SubscriberConfig, gone: Mapping[str, GoneEndpoint]) -> datetime | None:
    """Since when it is not sent to."""
    found = gone.get(subscriber.name)
    return None if found is None or found.url != subscriber.url else found.at


__all__ = ["OPERATOR_OWNER", "GoneEndpoint", "KeptGone", "OperatorBook", "gone_at"]
