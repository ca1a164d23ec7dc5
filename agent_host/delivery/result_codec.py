"""A codec for channels of an app's own: the whole result, as the host itself stores it."""

from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.errors import UnreadableRecordError
from agent_host.types.json import JsonObject
from agent_host.types.run import HostedResult

_RESULT: Final = VersionedCodec("pushed_result", 1, HostedResult)


class ResultCodec:
    """`PushCodec`. A channel that is a package of its own writes one that keeps what it needs."""

    def __init__(self) -> None:
        self.version = 1

    def encode(self, result: HostedResult) -> JsonObject:
        """All of it."""
        return {"result": _RESULT.encode_own(result).decode()}

    def decode(self, value: JsonObject, version: int) -> HostedResult:
        """What was encoded.

        Raises:
            UnreadableRecordError: by another version, or it is none of ours.
        """
        encoded = value.get("result")
        if version != self.version or not isinstance(encoded, str):
            raise UnreadableRecordError(f"What is to be pushed is not of version {self.version}.")
        return _RESULT.decode(encoded.encode())


__all__ = ["ResultCodec"]
