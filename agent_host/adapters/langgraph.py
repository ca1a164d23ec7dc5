"""LangGraph graphs: tells them by their looks, and loads the framework for its own only."""

from agent_host.adapters.framework import is_of
from agent_host.errors import MissingExtraError, UnsupportedTargetError
from agent_host.protocols.target import Target


class LangGraphAdapter:
    """Takes compiled graphs: `StateGraph(...).compile()`, `create_agent(...)`, `@entrypoint`s."""

    @property
    def supports(self) -> str:
        """One line for error messages."""
        return "a compiled LangGraph graph (StateGraph(...).compile(), an @entrypoint)"

    def matches(self, candidate: object) -> bool:
        """Whether its type comes from LangGraph; a graph not compiled yet is refused by `adapt`."""
        return is_of(candidate, "langgraph", "Pregel") or is_of(
            candidate, "langgraph", "StateGraph"
        )

    def adapt(self, candidate: object, *, name: str) -> Target:
        """The graph as a target, `name` where it has none.

        Raises:
            MissingExtraError: the installed LangGraph lacks what the host uses.
            UnsupportedTargetError: the graph is not compiled.
        """
        if is_of(candidate, "langgraph", "StateGraph"):
            message = "This LangGraph graph is not compiled: host what its compile() returns."
            raise UnsupportedTargetError(message)
        try:
            # Loads the framework, which nobody pays for who hosts something else.
            from agent_host.adapters.langgraph_target import to_target  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtraError("langgraph", "Hosting a LangGraph graph") from error
        return to_target(candidate, name)


__all__ = ["LangGraphAdapter"]
