"""Where commands are answered: the caller is identified and authorized, then the handler is asked.

Owns what is said in groups: to somebody who may not, nothing; of what is private, where to ask.
"""

import asyncio
import logging
from functools import partial
from typing import Final

from agent_host.errors import (
    AccessError,
    CommandError,
    DeniedError,
    HostError,
    LinkRequiredError,
    NotFoundError,
    TooLargeError,
)
from agent_host.host.command.book import CommandBook
from agent_host.host.pipeline.exchange import Exchange, given
from agent_host.host.pipeline.link_view import PartyLinks
from agent_host.host.pipeline.party import party_of
from agent_host.host.pipeline.pipeline import Pipeline
from agent_host.host.pipeline.view import PersonViews
from agent_host.protocols.command import Command, CommandCall
from agent_host.protocols.link_desk import LinkDesk, LinkView
from agent_host.types.command import ARGUMENTS_LIMIT, CommandAnswer, CommandRequest
from agent_host.types.conversation_scope import is_room
from agent_host.types.message import Message
from agent_host.types.run_policy import RunPolicy

_ASK_IN_PRIVATE: Final = "Ask me that in a private conversation."
_FAILED: Final = "The command failed. Try again later."

logger = logging.getLogger(__name__)


class CommandDesk:
    """Answers commands; keeps nothing of any call."""

    def __init__(
        self,
        book: CommandBook,
        *,
        pipeline: Pipeline,
        views: PersonViews,
        policy: RunPolicy,
        link_desk: LinkDesk | None = None,
    ) -> None:
        self.book = book
        self._pipeline = pipeline
        self._views = views
        self._link_desk = link_desk
        self._limit_seconds = policy.time_limit.total_seconds()

    async def answer(self, request: CommandRequest) -> CommandAnswer:
        """See `HostContext.command`."""
        in_group = is_room(request.caller.conversation)
        try:
            exchange = await self._enter(request)
        except (DeniedError, LinkRequiredError) as error:
            # What a denial or a challenge says is for nobody else's eyes.
            if not in_group:
                raise
            logger.info("a command on %s is not answered: %s", request.caller.channel, error.code)
            return CommandAnswer()
        command = self._find(request)
        if in_group and command.is_private:
            return CommandAnswer(messages=(Message.assistant(_ASK_IN_PRIVATE),))
        call = CommandCall(
            request=request,
            principal=given(exchange.principal),
            owner=given(exchange.owner),
            runs=self._views.runs(exchange),
            sessions=self._views.sessions(exchange),
            links=partial(self._links, exchange),
        )
        try:
            return await self._call(command, call)
        except AccessError:
            if not in_group:
                raise
            return CommandAnswer()

    async def _enter(self, request: CommandRequest) -> Exchange:
        try:
            return await self._pipeline.enter(request.caller)
        except LinkRequiredError:
            command = self.book.find(request.name)
            in_group = is_room(request.caller.conversation)
            if in_group or command is None or not command.before_link:
                raise
        return await self._pipeline.identify(request.caller)

    def _links(self, exchange: Exchange) -> LinkView:
        if self._link_desk is None:
            raise NotFoundError("way to link")
        return PartyLinks(self._link_desk, party_of(exchange))

    def _find(self, request: CommandRequest) -> Command:
        command = self.book.find(request.name)
        if command is None:
            raise NotFoundError("command")
        if len(request.arguments) > ARGUMENTS_LIMIT:
            raise TooLargeError(f"A command takes at most {ARGUMENTS_LIMIT} characters.")
        return command

    async def _call(self, command: Command, call: CommandCall) -> CommandAnswer:
        try:
            async with asyncio.timeout(self._limit_seconds):
                said = await command.handler(call)
        except HostError:
            raise
        except Exception as error:
            # Its text may hold content, so only a debugging log gets it.
            logger.warning("the command %s failed: %s", command.name, type(error).__name__)
            logger.debug("the command %s failed", command.name, exc_info=True)
            raise CommandError(_FAILED) from error
        match said:
            case CommandAnswer():
                return said
            case Message():
                return CommandAnswer(messages=(said,))
            case str():
                return CommandAnswer(messages=(Message.assistant(said),))
        logger.warning("the command %s answered with a %s", command.name, type(said).__name__)
        raise CommandError(_FAILED)


__all__ = ["CommandDesk"]
