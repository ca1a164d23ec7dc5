"""One page of what was sent to an endpoint, as the query of a request asks for it."""

import re
from typing import Final

from starlette.requests import Request

from agent_host.errors import RequestError
from agent_host.protocols.host_context import HostContext
from agent_host.types import Page, SentDelivery

_PAGE: Final = 50
_NUMBER: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_CURSOR: Final = re.compile(r"[0-9A-Za-z_-]{1,160}", re.ASCII)


async def page_of(
    context: HostContext, request: Request, channel: str, account: str, endpoint: str
) -> Page[SentDelivery]:
    """`?after=&limit=`, newest first.

    Raises:
        RequestError: one of them is no good.
    """
    after, limit = request.query_params.get("after"), request.query_params.get("limit")
    if after is not None and not _CURSOR.fullmatch(after):
        raise RequestError("after is not one that this host gave out.")
    if limit is not None and not _NUMBER.fullmatch(limit):
        raise RequestError("limit is a number.")
    return await context.delivery_log.list(
        channel, account, endpoint, cursor=after, limit=_PAGE if limit is None else int(limit)
    )


__all__ = ["page_of"]
