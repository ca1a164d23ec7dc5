"""A checkpointer for graphs that came without one: what the state holds stays what it is.

Such a graph was never promised that its state is taken apart and put together again, so whatever
it keeps there (a client, an open file) must come back as the same object after an interrupt.
"""

from typing import Any, cast

from langgraph.checkpoint.memory import InMemorySaver


class _AsItIs:
    """LangGraph's serializer protocol, for values that never leave the process."""

    def dumps_typed(self, obj: Any) -> tuple[str, bytes]:  # noqa: ANN401 - the protocol's
        return "live", cast("bytes", _apart(obj))

    def loads_typed(self, data: tuple[str, bytes]) -> Any:  # noqa: ANN401 - the protocol's
        return _apart(data[1])


def _apart(value: object) -> object:
    """Containers of its own, so that what LangGraph appends later is no part of the past; what
    they contain is the same.
    """
    if type(value) is dict:
        pairs = cast("dict[object, object]", value).items()
        return {key: _apart(held) for key, held in pairs}
    if type(value) is list or type(value) is tuple or type(value) is set:
        items = cast("list[object]", value)
        return type(items)(_apart(held) for held in items)
    return value


def live_state_saver() -> InMemorySaver:
    """A saver whose threads live until they are deleted."""
    return InMemorySaver(serde=_AsItIs())


__all__ = ["live_state_saver"]
