"""What a delivery carries: made once for its destination, stored, and the same on every attempt."""

import inspect
import logging
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import NamedTuple

from agent_host.delivery.failure import PushFailure, permanent
from agent_host.delivery.record import DeliveryRecords, StoredContent, StoredDelivery
from agent_host.delivery.result_codec import ResultCodec
from agent_host.delivery.station import told
from agent_host.errors import HostError, UnreadableRecordError
from agent_host.protocols.delivery import ResponseHook, RunAnswers
from agent_host.protocols.push import ChannelPush, PushCodec
from agent_host.types.delivery import Destination
from agent_host.types.json import JsonObject
from agent_host.types.quick_init import maker
from agent_host.types.result import RunResult
from agent_host.types.run import HostedResult

logger = logging.getLogger(__name__)


class ContentError(HostError):
    """There is nothing to send, and sending again does not change that."""

    code = "content"

    def __init__(self, code: str) -> None:
        super().__init__(f"nothing to send: {code}")
        self.failure: PushFailure = permanent(code)


class Prepared(NamedTuple):
    """What the channel is given, and what must be stored before it is sent, if anything."""

    result: HostedResult
    fresh: StoredContent | None


class Contents:
    """One per host."""

    def __init__(
        self,
        records: DeliveryRecords,
        *,
        pushes: Mapping[str, ChannelPush],
        answers: RunAnswers,
        hook: ResponseHook | None,
    ) -> None:
        self._records = records
        self._pushes = pushes
        self._answers = answers
        self._hook = hook

    async def prepare(self, stored: StoredDelivery) -> Prepared:
        """What goes next: the echo, or the reply.

        Raises:
            ContentError: the run is gone, the app's hook or the channel's codec failed, or what is
                stored is of a version that the channel does not know.
        """
        if stored.content is not None:
            return Prepared(self.decode(stored.content, stored), None)
        delivery = stored.delivery
        try:
            content = await self._records.content(delivery.id)
        except UnreadableRecordError as error:
            raise ContentError(error.code) from error
        fresh = None
        if content is None or content.version is None:
            content = fresh = await self._of_run(stored, content or StoredContent())
        return Prepared(self.decode(content, stored), fresh)

    def decode(self, content: StoredContent, stored: StoredDelivery) -> HostedResult:
        """What the channel is given of it next.

        Raises:
            ContentError: the channel's codec failed, or does not know the version.
        """
        delivery = stored.delivery
        codec = self._codec(delivery.destination.channel)
        value = content.echo if stored.has_echo else content.reply
        if value is None or content.version is None:
            raise ContentError("no_content")
        try:
            return codec.decode(value, content.version)
        except UnreadableRecordError as error:
            logger.error("delivery %s: %s", delivery.id, error)  # noqa: TRY400
            raise ContentError(error.code) from error
        except Exception as error:
            logger.exception("delivery %s: the codec did not read it", delivery.id)
            raise ContentError("codec") from error

    def given(
        self, content: StoredContent, stored: StoredDelivery, hosted: HostedResult
    ) -> HostedResult:
        """What the channel is given of a content that was just made of this result, with no hook.

        Raises:
            ContentError: the channel's codec failed.
        """
        codec = self._codec(stored.delivery.destination.channel)
        # The host's own codec keeps all of it; of what another leaves out nothing is given.
        return hosted if type(codec) is ResultCodec else self.decode(content, stored)

    async def encode(self, hosted: HostedResult, destination: Destination) -> StoredContent:
        """A result as it is to be sent there, through the app's hook.

        Raises:
            ContentError: the hook or the codec failed.
        """
        codec = self._codec(destination.channel)
        if self._hook is not None:
            hosted = await self._hooked(self._hook, hosted, destination)
        reply = _encoded(codec, hosted)
        return _make_content(version=codec.version, reply=reply)

    async def _of_run(self, stored: StoredDelivery, content: StoredContent) -> StoredContent:
        delivery = stored.delivery
        hosted = None if content.run is None else told(content.run)
        if hosted is None and delivery.run_id is not None:
            hosted = await self._answers.answer(delivery.owner, delivery.run_id)
        if hosted is None:
            raise ContentError("no_result")
        encoded = await self.encode(hosted, delivery.destination)
        if not content.said:
            return encoded
        said = await self._answers.restored(delivery.owner, content.said)
        echo = HostedResult(run=hosted.run, result=RunResult(messages=said))
        codec = self._codec(delivery.destination.channel)
        return replace(encoded, echo=_encoded(codec, echo))

    @staticmethod
    async def _hooked(
        hook: ResponseHook, hosted: HostedResult, destination: Destination
    ) -> HostedResult:
        try:
            made = hook(deepcopy(hosted), destination)
            changed = await made if inspect.isawaitable(made) else made
        except Exception as error:
            logger.exception("run %s: the response_hook raised", hosted.run.id)
            raise ContentError("response_hook") from error
        return _checked(changed)

    def _codec(self, channel: str) -> PushCodec:
        push = self._pushes.get(channel)
        if push is None or push.codec is None:
            raise ContentError("no_channel")
        return push.codec


def _checked(changed: object) -> HostedResult:
    if not isinstance(changed, HostedResult):
        logger.error("the response_hook gave %s", type(changed).__name__)
        raise ContentError("response_hook")
    return changed


def _encoded(codec: PushCodec, hosted: HostedResult) -> JsonObject:
    try:
        return codec.encode(hosted)
    except Exception as error:
        logger.exception("run %s: the codec did not write its result", hosted.run.id)
        raise ContentError("codec") from error


_make_content = maker(StoredContent)

__all__ = ["ContentError", "Contents", "Prepared"]
