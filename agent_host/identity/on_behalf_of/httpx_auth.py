"""For targets that call a downstream service with httpx: the caller's token in every request, and
another one, once, where the service answers 401.
"""

from collections.abc import AsyncGenerator
from http import HTTPStatus

import httpx

from agent_host.context import current_on_behalf_of
from agent_host.errors import NoCallerTokenError


class OnBehalfOfAuth(httpx.Auth):
    """`httpx.AsyncClient(auth=OnBehalfOfAuth("api://orders/read"))`, used while a target runs. Its
    client must not follow redirects to other hosts, or it hands them the token.
    """

    def __init__(self, *scopes: str) -> None:
        self._scopes = scopes

    async def async_auth_flow(
        self, request: httpx.Request
    ) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Send it; and again with a new token after a 401.

        Raises:
            OnBehalfOfError: there is no token.
        """
        access = current_on_behalf_of.get()
        if access is None:
            raise NoCallerTokenError
        token = await access.token(*self._scopes)
        request.headers["authorization"] = token.authorization
        response = yield request
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            renewed = await token.refresh()
            request.headers["authorization"] = renewed.authorization
            yield request


__all__ = ["OnBehalfOfAuth"]
