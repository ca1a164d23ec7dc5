"""From the wire to what the host is asked. Pure."""

from pydantic import TypeAdapter, ValidationError

from agent_host.errors import InvalidInputError
from agent_host.types import Caller, ChannelIdentity, ChannelRequest, Conversation, Message
from agent_host_text_line.schema import Identifier, TextLine

_IDENTIFIER = TypeAdapter[str](Identifier)
_NAMES = {"id": "id", "from": "sender", "thread": "thread"}


def to_line(body: bytes) -> TextLine:
    """The message in the body.

    Raises:
        InvalidInputError: it is not UTF-8, a header is unknown, doubled or missing, or a value is
            not of its form.
    """
    try:
        head, _, text = body.decode().partition("\n\n")
    except UnicodeDecodeError as error:
        raise InvalidInputError("The message is not UTF-8.") from error
    values = {"text": text}
    for header in head.split("\n"):
        name, _, value = header.partition(": ")
        field = _NAMES.get(name)
        if field is None or field in values:
            raise InvalidInputError("The headers are: id, from and thread, each once.")
        values[field] = value
    try:
        return TextLine.model_validate(values)
    except ValidationError as error:
        problems = tuple((str(detail["loc"][0]), detail["msg"]) for detail in error.errors())
        message = f"Not valid: {', '.join(field for field, _ in problems)}."
        raise InvalidInputError(message, problems) from None


def to_request(line: TextLine, *, channel: str, account: str) -> ChannelRequest:
    """A turn of the person that the gateway saw. What the gateway sends twice is done once."""
    identity = ChannelIdentity(channel=channel, account=account, native_id=line.sender)
    return ChannelRequest(
        caller=Caller(
            channel=channel,
            account=account,
            identity=identity,
            conversation=Conversation(id=line.thread),
        ),
        input=(Message.user(line.text),),
        session=line.thread,
        idempotency_key=line.id,
    )


def to_socket_request(text: str, *, channel: str, account: str, thread: str) -> ChannelRequest:
    """A turn of the caller that the host's authenticator named.

    Raises:
        InvalidInputError: the thread has no such name, or there is no text.
    """
    try:
        _IDENTIFIER.validate_python(thread)
    except ValidationError:
        raise InvalidInputError("A thread is 1 to 64 of A-Z a-z 0-9 _ -.") from None
    if not text:
        raise InvalidInputError("Say something.")
    return ChannelRequest(
        caller=Caller(channel=channel, account=account, conversation=Conversation(id=thread)),
        input=(Message.user(text),),
        session=thread,
        stream=True,
    )


__all__ = ["to_line", "to_request", "to_socket_request"]
