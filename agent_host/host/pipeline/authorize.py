"""Step 3: may they, and in which partition? Default deny: only an `Allowed` lets the call go on."""

import logging

from agent_host.errors import DeniedError, LinkRequiredError
from agent_host.host.pipeline.exchange import Exchange, given
from agent_host.protocols.authorizer import Authorizer
from agent_host.types.decision import Allowed, Decision, Denied, LinkRequired
from agent_host.types.principal import Owner

logger = logging.getLogger(__name__)


class AuthorizeStep:
    """Asks the authorizer, for every operation of every channel."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def __call__(self, exchange: Exchange) -> None:
        """Go on, under the key that the decision names; inside of it where a platform says whom it
        speaks for, so that linking cannot bring its people together.

        Raises:
            DeniedError: the authorizer said no, or failed.
            LinkRequiredError: the identity must be linked first.
        """
        principal = given(exchange.principal)
        key = given(exchange.isolation_key)
        decision = await self._decide(exchange)
        match decision:
            case Allowed(isolation_key=allowed_key):
                if exchange.isolation is not None:
                    allowed_key = exchange.isolation.within(allowed_key)
                if allowed_key != key:
                    exchange.isolation_key = allowed_key
                    exchange.owner = Owner(tenant=principal.tenant, isolation_key=allowed_key)
            case LinkRequired(challenge=challenge):
                raise LinkRequiredError(challenge)
            case Denied(user_message=user_message, reason_code=reason_code):
                logger.info("denied on %s: %s", exchange.caller.channel, reason_code)
                raise DeniedError(user_message, reason_code)

    async def _decide(self, exchange: Exchange) -> Decision:
        try:
            return await self._authorizer.authorize(
                exchange.caller,
                principal=given(exchange.principal),
                isolation_key=given(exchange.isolation_key),
            )
        except Exception:
            logger.exception("the authorizer failed; the caller is denied")
            return Denied(reason_code="authorizer_failed")


__all__ = ["AuthorizeStep"]
