"""Commands: what a person asks of the host itself, such as `/new`; and how a line is one."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.message import Message
from agent_host.types.request import Caller

COMMAND_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
"""What every platform's menu takes."""

COMMAND_DESCRIPTION_LIMIT: Final = 100
"""Characters; the narrowest of the platforms' menus has room for as many."""

ARGUMENTS_LIMIT: Final = 4096
"""Characters behind a command's name; a longer line is no command."""

_LINE: Final = re.compile(r"/([A-Za-z][A-Za-z0-9_]{0,31})(?:@(\S{1,64}))?(?:\s+(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandInfo:
    """A command as a platform's menu shows it. `is_private`: it speaks of its caller, so in a group
    it only says where to ask.
    """

    name: str
    description: str
    is_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRequest:
    """A command as its channel understood it. `session` is the one a turn of this caller would be
    of, by id or name, where there is one.
    """

    caller: Caller
    name: str
    arguments: str = ""
    session: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAnswer:
    """What to say, nothing where there are no messages: a denial in a group is silent. `facts` are
    the same for programs.
    """

    messages: tuple[Message, ...] = ()
    facts: JsonObject = field(default_factory=dict[str, JsonValue])


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """A line that begins with a command's name."""

    name: str
    arguments: str = ""


def read_command(
    text: str, names: Collection[str], *, account_name: str | None = None
) -> CommandLine | None:
    """The command that a message is, None for one to be handed to the target: text, a name that is
    not among `names`, or one for somebody else. `/name@bot` is for the bot of that name;
    `account_name` is ours, without a name everybody's.
    """
    found = _LINE.fullmatch(text.strip())
    if found is None:
        return None
    name, addressee, arguments = found[1].lower(), found[2], (found[3] or "").strip()
    ours = account_name or addressee or ""
    if (addressee or ours).casefold() != ours.casefold():
        return None
    if name not in names or len(arguments) > ARGUMENTS_LIMIT:
        return None
    return CommandLine(name=name, arguments=arguments)


__all__ = [
    "ARGUMENTS_LIMIT",
    "COMMAND_DESCRIPTION_LIMIT",
    "COMMAND_NAME",
    "CommandAnswer",
    "CommandInfo",
    "CommandLine",
    "CommandRequest",
    "read_command",
]
