"""The commands of one host, by name."""

from collections.abc import Sequence

from agent_host.errors import ConfigurationError
from agent_host.protocols.command import Command
from agent_host.types.command import COMMAND_DESCRIPTION_LIMIT, COMMAND_NAME, CommandInfo


class CommandBook:
    """Those of the host first, then the app's own.

    Raises:
        ConfigurationError: two have one name, or a name or description is none that every
            platform's menu takes.
    """

    def __init__(self, commands: Sequence[Command]) -> None:
        self._commands: dict[str, Command] = {}
        for command in commands:
            _check(command)
            if command.name in self._commands:
                raise ConfigurationError(f"Two commands are called {command.name!r}; rename one.")
            self._commands[command.name] = command
        self.infos: Sequence[CommandInfo] = tuple(
            command.info for command in self._commands.values()
        )

    def find(self, name: str) -> Command | None:
        """The command of this name."""
        return self._commands.get(name)


def _check(command: Command) -> None:
    if not COMMAND_NAME.fullmatch(command.name):
        raise ConfigurationError(
            f"A command cannot be called {command.name!r}: use [a-z0-9_], from a letter on, at "
            "most 32."
        )
    description = command.description
    if not 0 < len(description) <= COMMAND_DESCRIPTION_LIMIT or not description.isprintable():
        raise ConfigurationError(
            f"The command {command.name!r} needs a description: one line of at most "
            f"{COMMAND_DESCRIPTION_LIMIT} characters."
        )


__all__ = ["CommandBook"]
