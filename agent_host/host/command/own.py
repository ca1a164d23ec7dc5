"""The commands that every host has: `/new`, `/cancel`, `/whoami`, `/help`."""

from collections.abc import Callable, Sequence
from typing import Final

from agent_host.errors import NotFoundError, RequestError
from agent_host.host.run.turn_stop import TurnStop
from agent_host.protocols.command import Command, CommandCall
from agent_host.protocols.identity_registry import IdentityRegistry
from agent_host.types.command import CommandAnswer, CommandInfo
from agent_host.types.identity import identity_of
from agent_host.types.json import JsonObject, JsonValue
from agent_host.types.message import Message
from agent_host.types.principal import ChannelIdentity

_ANEW: Final = "We begin anew. What was said before is kept, and not looked at any more."
_NEW_ALREADY: Final = "This conversation has not begun yet."
_NOTHING: Final = "Nothing is going on."
_WAITING: Final = {0: "", 1: " One more waits its turn."}


class OwnCommands:
    """Handlers of the host's own commands."""

    def __init__(self, stop: TurnStop, registry: IdentityRegistry) -> None:
        self._stop = stop
        self._registry = registry

    def commands(self, infos: Callable[[], Sequence[CommandInfo]]) -> tuple[Command, ...]:
        """All of them; `infos` says which commands there are, these and others."""

        async def help_(_: CommandCall) -> CommandAnswer:
            return _help(infos())

        return (
            Command("new", "Begin a new conversation", self.new),
            Command("cancel", "Stop what is being answered", self.cancel),
            Command("whoami", "Show who you are to this agent", self.whoami, is_private=True),
            Command("help", "Show what there is to ask for", help_),
        )

    async def new(self, call: CommandCall) -> CommandAnswer:
        """Reset the session that a turn would be of.

        Raises:
            RequestError: the request is of none.
        """
        if call.request.session is None:
            raise RequestError("Name the session that shall begin anew.")
        try:
            session = await call.sessions.reset(call.request.session)
        except NotFoundError:
            return _answer(_NEW_ALREADY, {"session_id": None})
        return _answer(_ANEW, {"session_id": session.id})

    async def cancel(self, call: CommandCall) -> CommandAnswer:
        """Stop the turn that goes on."""
        run, waiting = await self._stop.stop(
            call.owner, call.request.session, runs=call.runs, sessions=call.sessions
        )
        if run is None:
            return _answer(_NOTHING, {"run_id": None, "waiting": 0})
        stopped = "Stopped." if run.status.is_terminal else "It is about to stop."
        behind = _WAITING.get(waiting, f" {waiting} more wait their turn.")
        return _answer(stopped + behind, {"run_id": run.id, "waiting": waiting})

    async def whoami(self, call: CommandCall) -> CommandAnswer:
        """The ids that the caller has here. Never asked in a group."""
        identity = call.request.caller.identity
        facts: dict[str, JsonValue] = {
            "tenant": call.owner.tenant,
            "isolation_key": call.owner.isolation_key,
        }
        if identity is None:
            principal = call.principal
            facts["principal"] = {"kind": principal.kind, "id": principal.id}
            lines = [f"You are {principal.id} ({principal.kind})."]
        else:
            facts["identity"] = _identity_json(identity)
            lines = [f"You are {_named(identity)}."]
        others: list[JsonValue] = []
        own = identity or identity_of(call.principal)
        for known in await self._registry.identities(call.owner):
            if known.identity != own:
                others.append(_identity_json(known.identity))
                lines.append(f"Linked: {_named(known.identity)}.")
        facts["linked"] = others
        lines.append(f"Your key here is {call.owner.isolation_key}.")
        return _answer("\n".join(lines), facts)


def _help(infos: Sequence[CommandInfo]) -> CommandAnswer:
    lines = [f"/{info.name}: {info.description}" for info in infos]
    facts: list[JsonValue] = [
        {"name": info.name, "description": info.description} for info in infos
    ]
    return _answer("\n".join(lines), {"commands": facts})


def _answer(text: str, facts: JsonObject) -> CommandAnswer:
    return CommandAnswer(messages=(Message.assistant(text),), facts=facts)


def _named(identity: ChannelIdentity) -> str:
    return f"{identity.native_id} on {identity.channel} ({identity.account})"


def _identity_json(identity: ChannelIdentity) -> JsonObject:
    return {
        "channel": identity.channel,
        "account": identity.account,
        "native_id": identity.native_id,
    }


__all__ = ["OwnCommands"]
