"""The next message in a conversation whose run asks something is the answer."""

import logging
from collections.abc import Callable
from dataclasses import replace

from agent_host.context import current_isolation, current_principal
from agent_host.errors import NoQuestionError, QuestionOpenError
from agent_host.host.inbound.event import InboundEvent
from agent_host.host.inbound.spoken import spoken_values
from agent_host.host.pipeline.exchange import given
from agent_host.host.pipeline.pipeline import Pipeline
from agent_host.host.pipeline.reserved import without_reserved_metadata
from agent_host.host.record.idempotency_record import (
    Claim,
    IdempotencyRecords,
    fingerprint_of,
    scope_of,
)
from agent_host.host.record.request_record import RequestRecords
from agent_host.host.run.reader import RunReader
from agent_host.types.principal import Owner
from agent_host.types.run import RunStatus

logger = logging.getLogger(__name__)


class EventAnswers:
    """Answers runs with events."""

    def __init__(
        self,
        *,
        pipeline: Pipeline,
        reader_of: Callable[[Owner], RunReader],
        requests: RequestRecords,
        idempotency: IdempotencyRecords,
    ) -> None:
        self._pipeline = pipeline
        self._reader_of = reader_of
        self._requests = requests
        self._idempotency = idempotency

    async def take(self, event: InboundEvent, refused: QuestionOpenError) -> None:
        """Answer the run that stands in the event's way. The event's id is claimed in the step that
        stores the answer, so that an attempt that is made again finds the run and asks nothing new.

        Raises:
            QuestionOpenError: the question was put to somebody else.
            InvalidInputError: it does not fit; the question stays open.
            NoQuestionError: it was answered meanwhile.
        """
        if refused.run_id is None:
            raise refused
        caller = event.request.caller
        owner = given((await self._pipeline.enter(caller)).owner)
        stored = await self._requests.get(owner, refused.run_id)
        if stored is None or stored.request.caller.identity != caller.identity:
            raise refused
        reader = self._reader_of(owner)
        run = (await reader.get(refused.run_id)).run
        if run.status is not RunStatus.INPUT_REQUIRED:
            raise NoQuestionError("The question was answered already.")
        values = spoken_values(run.questions, event.request.input)
        request = without_reserved_metadata(replace(event.request, idempotency_key=event.id))
        scope = scope_of(caller, current_principal.get(), current_isolation.get())
        claim = Claim(scope, event.id, fingerprint_of(request))
        writes = self._idempotency.put(owner, run.id, claim)
        await reader.answer(run.id, values, alongside=writes)
        logger.info("event %s answered run %s", event.id, run.id)


__all__ = ["EventAnswers"]
