"""The names under which the target is hosted. Built at start-up; pure look-ups after that."""

from typing import Final

from agent_host.types import JsonObject
from agent_host_openai.config import OpenAIConfig
from agent_host_openai.problem import UnknownModelError, invalid

_NAME_LIMIT: Final = 256
_NOTHING: Final[JsonObject] = {}


class ModelCatalogue:
    """Which models there are. The first is the default, for requests that name none."""

    __slots__ = ("_any", "_options", "default")

    def __init__(self, config: OpenAIConfig, *, target_name: str) -> None:
        self._options: dict[str, JsonObject] = {
            alias.id: alias.options for alias in config.models
        } or {target_name: _NOTHING}
        self._any = config.any_model
        self.default = next(iter(self._options))

    @property
    def ids(self) -> tuple[str, ...]:
        """All that are listed."""
        return tuple(self._options)

    def choose(self, wanted: str | None) -> tuple[str, JsonObject]:
        """The model's name and the options that come with it.

        Raises:
            UnknownModelError: it is not listed, and only those that are may be used.
        """
        name = self.default if wanted is None else wanted
        options = self._options.get(name)
        if options is not None:
            return name, options
        if not self._any:
            raise self.unknown()
        if not 0 < len(name) <= _NAME_LIMIT or not name.isprintable():
            raise invalid("model", f"should have 1 to {_NAME_LIMIT} printable characters")
        return name, {**self._options[self.default], "model": name}

    def has(self, name: str) -> bool:
        """Whether it is listed."""
        return name in self._options

    def unknown(self) -> UnknownModelError:
        """What to say of a model that is not."""
        return UnknownModelError(", ".join(self._options))


__all__ = ["ModelCatalogue"]
