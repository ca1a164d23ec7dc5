"""The seam for commands: what an app, or the host, answers itself and does not hand to the target.

A command is declared once, to `AgentHost`; channels ask `HostContext.commands` for their menus.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from agent_host.protocols.host_context import RunView, SessionView
from agent_host.protocols.link_desk import LinkView
from agent_host.types.command import CommandAnswer, CommandInfo, CommandRequest
from agent_host.types.conversation_scope import is_room
from agent_host.types.message import Message
from agent_host.types.principal import Owner, Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCall:
    """What a handler is given: who asked what, identified and authorized, and what is theirs."""

    request: CommandRequest
    principal: Principal
    owner: Owner
    runs: RunView
    sessions: SessionView
    links: Callable[[], LinkView]
    """Raises: NotFoundError: there is no way to link. LinkRefusedError: for this caller."""

    @property
    def is_in_group(self) -> bool:
        """Whether others read the answer."""
        return is_room(self.request.caller.conversation)


CommandHandler: TypeAlias = Callable[[CommandCall], Awaitable[str | Message | CommandAnswer]]
"""Answers one call, within the run's time limit. A `HostError` of it is told to the caller; of any
other exception the caller learns only that the command failed.
"""


@dataclass(frozen=True, slots=True)
class Command:
    """`name` is of [a-z0-9_], from a letter on, at most 32 characters; `description` one line of at
    most 100. See `CommandInfo` for `is_private`. `before_link`: whoever has to link before they may
    come in may give it; it must show them nothing of anybody.
    """

    name: str
    description: str
    handler: CommandHandler
    is_private: bool = False
    before_link: bool = False

    @property
    def info(self) -> CommandInfo:
        """What a menu shows."""
        return CommandInfo(name=self.name, description=self.description, is_private=self.is_private)


__all__ = ["Command", "CommandCall", "CommandHandler"]
