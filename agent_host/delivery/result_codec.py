"""A codec for channels of an app's own: the whole result, as the host itself stores it."""

from typing import Final

from agent_host.codec import VersionedCodec
from agent_host.errors import UnreadableRecordError
from agent_host.types.json import JsonObject
from agent_host.types.part import TextPart
from agent_host.types.run import HostedResult

_RESULT: Final = VersionedCodec("pushed_result", 1, HostedResult)


class ResultCodec:
    """`PushCodec`. A channel that is a package of its own writes one that keeps what it needs."""

    def __init__(self) -> None:
        self.version = 1

    def encode(self, result: HostedResult) -> JsonObject:
        """All of it."""
        # What a caller or a target sent may hold what the short way does not write faithfully.
        write = _RESULT.encode_own if _is_text(result) else _RESULT.encode
        return {"result": write(result).decode()}

    def decode(self, value: JsonObject, version: int) -> HostedResult:
        """What was encoded.

        Raises:
            UnreadableRecordError: by another version, or it is none of ours.
        """
        encoded = value.get("result")
        if version != self.version or not isinstance(encoded, str):
            raise UnreadableRecordError(f"What is to be pushed is not of version {self.version}.")
        return _RESULT.decode(encoded.encode())


def _is_text(hosted: HostedResult) -> bool:
    run, result = hosted.run, hosted.result
    if run.metadata or run.questions:
        return False
    if result is None:
        return True
    if result.value is not None or result.outputs or result.artifacts or result.metadata:
        return False
    for message in result.messages:
        if message.metadata or any(type(part) is not TextPart for part in message.parts):
            return False
    return True


__all__ = ["ResultCodec"]
