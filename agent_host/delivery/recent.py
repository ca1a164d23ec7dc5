"""What a process wrote last, so that reading it back takes no decoding."""

from collections import OrderedDict
from typing import Final, Generic, TypeVar

T = TypeVar("T")

LIMIT: Final = 4096


class Recent(Generic[T]):
    """Values by id, of the payload that each was written as: another payload is not known."""

    __slots__ = ("_values",)

    def __init__(self) -> None:
        self._values: OrderedDict[str, tuple[bytes, T]] = OrderedDict()

    def remember(self, name: str, payload: bytes, value: T) -> None:
        """It was written so."""
        self.forget(name)
        self._values[name] = payload, value
        if len(self._values) > LIMIT:
            self._values.popitem(last=False)

    def forget(self, name: str) -> None:
        """It is not needed any more."""
        self._values.pop(name, None)

    def find(self, name: str, payload: bytes) -> T | None:
        """The value, if it was this payload that it was written as last."""
        found = self._values.get(name)
        return found[1] if found is not None and found[0] == payload else None


__all__ = ["LIMIT", "Recent"]
