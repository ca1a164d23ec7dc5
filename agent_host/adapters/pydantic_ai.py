"""Pydantic AI agents: tells them by their looks, and loads the framework for its own only."""

from agent_host.adapters.framework import is_of
from agent_host.errors import MissingExtraError
from agent_host.protocols.target import Target


class PydanticAIAdapter:
    """Takes a `pydantic_ai.Agent` and whatever else is a `pydantic_ai` `AbstractAgent`."""

    @property
    def supports(self) -> str:
        """One line for error messages."""
        return "a Pydantic AI agent (pydantic_ai.Agent)"

    def matches(self, candidate: object) -> bool:
        """Whether its type comes from Pydantic AI."""
        return is_of(candidate, "pydantic_ai", "AbstractAgent")

    def adapt(self, candidate: object, *, name: str) -> Target:
        """The agent as a target, `name` where it has none.

        Raises:
            MissingExtraError: the installed Pydantic AI lacks what the host uses.
        """
        try:
            # Loads the framework, which nobody pays for who hosts something else.
            from agent_host.adapters.pydantic_ai_target import to_target  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtraError("pydantic-ai", "Hosting a Pydantic AI agent") from error
        return to_target(candidate, name)


__all__ = ["PydanticAIAdapter"]
