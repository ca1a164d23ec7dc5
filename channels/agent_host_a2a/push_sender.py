"""Sends push notifications: what an attempt at a follow finds to tell, one request after the other.

Specification, sections 4.3.3 and 13.2. Any 2xx is taken for received. What the receiver may get
over (5xx, 408, 425, 429, no answer) is tried again, all else ends the config's notifications.
"""

from collections import OrderedDict
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from agent_host.errors import OutboundError, PermanentTaskError, RetryTaskError, UnsafeUrlError
from agent_host.protocols.follow import FollowAttempt
from agent_host.protocols.host_context import HostContext
from agent_host.types import FollowCursor, OutboundAnswer, OutboundRequest
from agent_host.wire.json_text import json_bytes
from agent_host.wire.push_answer import retry_after
from agent_host_a2a.part import Fields
from agent_host_a2a.push_config import PushConfig, from_value
from agent_host_a2a.push_fold import PushFold
from agent_host_a2a.schema import A2A_MEDIA_TYPE, JSON_MEDIA_TYPE, VERSION_0_3

TOKEN_HEADER: Final = "X-A2A-Notification-Token"  # noqa: S105 - a name
TIME_LIMIT: Final = timedelta(seconds=15)
RETRY_AFTER_LIMIT: Final = timedelta(hours=1)
FOLDS_KEPT: Final = 64
_ANSWER_LIMIT_BYTES: Final = 1024
_PASSING: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)


class PushSender:
    """The channel's follower. It keeps what it folded of some runs, and folds the others again."""

    def __init__(self, context: HostContext) -> None:
        self._context = context
        self._folds: OrderedDict[tuple[str, str, str], PushFold] = OrderedDict()

    async def __call__(self, attempt: FollowAttempt) -> None:
        """Tell what there is."""
        place, fold = self._taken_up(attempt)
        async for entry in attempt.entries(start=fold.next):
            bodies = fold.take(entry)
            if entry.sequence >= attempt.follow.cursor.sequence:
                await self._tell(attempt, entry.sequence, bodies)
        self._folds[place] = fold
        while len(self._folds) > FOLDS_KEPT:
            self._folds.popitem(last=False)

    def _taken_up(self, attempt: FollowAttempt) -> tuple[tuple[str, str, str], PushFold]:
        """What is folded so far, if it is just what was told; else from the first entry on."""
        follow = attempt.follow
        config = from_value(follow.name, follow.value)
        place = (follow.run_id, follow.name, config.version)
        fold = self._folds.pop(place, None)
        if fold is None or FollowCursor(fold.next) != follow.cursor:
            resumes = self._context.capabilities.checkpoints
            fold = PushFold(attempt.run, config, resumes=resumes)
        return place, fold

    async def _tell(self, attempt: FollowAttempt, sequence: int, bodies: list[Fields]) -> None:
        """Send what was not sent yet of one entry."""
        follow = attempt.follow
        config = from_value(follow.name, follow.value)
        told = follow.cursor.steps if sequence == follow.cursor.sequence else 0
        for step, body in enumerate(bodies[told:], start=told + 1):
            await self._send(config, body, f"{follow.run_id}.{sequence}.{step}")
            is_last = step == len(bodies)
            await attempt.confirm(
                FollowCursor(sequence + 1) if is_last else FollowCursor(sequence, step)
            )

    async def _send(self, config: PushConfig, body: Fields, key: str) -> None:
        try:
            answer = await self._context.outbound.send(_to_request(config, body, key))
        except UnsafeUrlError as error:
            raise PermanentTaskError("The URL is not sent to.", code=error.code) from error
        except OutboundError as error:
            code = "no_answer" if error.was_sent else "not_reached"
            raise RetryTaskError("No answer.", code=code) from error
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return
        code = f"http_{answer.status}"
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status in _PASSING:
            wait = to_wait(answer, self._context.clock.now())
            raise RetryTaskError("It was not taken.", wait, code=code)
        raise PermanentTaskError("It is not wanted.", code=code)


def to_wait(answer: OutboundAnswer, now: datetime) -> timedelta | None:
    """What `Retry-After` asks for, within bounds (RFC 9110, section 10.2.3)."""
    wait = retry_after(answer.headers, now=now)
    return None if wait is None else min(wait, RETRY_AFTER_LIMIT)


def _to_request(config: PushConfig, body: Fields, key: str) -> OutboundRequest:
    is_old = config.version == VERSION_0_3
    media_type = JSON_MEDIA_TYPE if is_old else A2A_MEDIA_TYPE
    headers = {
        "Content-Type": media_type.decode("ascii"),
        # The same for each attempt: what arrives twice can be told by it.
        "Idempotency-Key": f'"{key}"',
    }
    token = config.token.get_secret_value()
    if token:
        headers[TOKEN_HEADER] = token
    authorization = config.authorization
    if authorization:
        headers["Authorization"] = authorization
    return OutboundRequest(
        url=config.url,
        headers=headers,
        body=json_bytes(body),
        time_limit=TIME_LIMIT,
        answer_limit_bytes=_ANSWER_LIMIT_BYTES,
    )


__all__ = ["FOLDS_KEPT", "RETRY_AFTER_LIMIT", "TIME_LIMIT", "TOKEN_HEADER", "PushSender", "to_wait"]
