"""Push notification configs (specification, sections 3.1.7 to 3.1.10 and 4.3): read from the wire
of 1.0 and 0.3, kept as versioned JSON, and written back. Pure.

https://a2a-protocol.org/v0.3.0/specification/: 0.3 has the config within an object of its own, and
a list of authentication schemes in place of one.
"""

import re
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Final

from pydantic import SecretStr

from agent_host.errors import UnreadableRecordError
from agent_host.types import JsonObject, JsonValue
from agent_host_a2a.fault import invalid
from agent_host_a2a.member import Members
from agent_host_a2a.part import Fields
from agent_host_a2a.schema import VERSION_0_3, VERSION_1_0

TEXT_LIMIT: Final = 4096
_STORED_VERSION: Final = 1
_SCHEMES: Final = {"basic": "Basic", "bearer": "Bearer"}
_SCHEMES_LIMIT: Final = 16
_HEADER_TEXT: Final = re.compile(r"[!-~]([ !-~]*[!-~])?")
_NOTHING: Final = SecretStr("")


@dataclass(frozen=True, slots=True, kw_only=True)
class PushConfig:
    """`version` is the protocol's in which it was given: what is sent is spelled in that one.
    `schemes` are as they were given; `accepted` are output modes that its sender takes.
    """

    id: str | None
    url: str
    version: str = VERSION_1_0
    token: SecretStr = _NOTHING
    schemes: tuple[str, ...] = ()
    credentials: SecretStr = _NOTHING
    accepted: tuple[str, ...] = field(default=())

    @property
    def authorization(self) -> str | None:
        """The header that says who we are, by the first scheme that is known here."""
        credentials = self.credentials.get_secret_value()
        known = [_SCHEMES[name.lower()] for name in self.schemes if name.lower() in _SCHEMES]
        if not credentials or not known:
            return None
        if known[0] == "Basic" and ":" in credentials:
            credentials = b64encode(credentials.encode("ascii")).decode("ascii")
        return f"{known[0]} {credentials}"


def to_config(config: Members, *, version: str, accepted: tuple[str, ...] = ()) -> PushConfig:
    """A config as a client gives it.

    Raises:
        FaultError: a member is not as documented, or cannot be sent in a header.
    """
    url = config.text("url")
    if not url:
        raise invalid(config.path("url"), "is required")
    wanted = config.members("authentication")
    schemes: tuple[str, ...] = ()
    credentials = ""
    if wanted is not None:
        schemes = _schemes(wanted, version)
        credentials = _header_text(wanted, "credentials")
        if credentials and not _SCHEMES.keys() & {name.lower() for name in schemes}:
            raise invalid(wanted.path("scheme"), f"should be {' or '.join(_SCHEMES.values())}")
    return PushConfig(
        id=config.identifier("id"),
        url=url,
        version=version,
        token=SecretStr(_header_text(config, "token")),
        schemes=schemes,
        credentials=SecretStr(credentials),
        accepted=accepted,
    )


def from_config(config: PushConfig, task_id: str, version: str) -> Fields:
    """A config as its owner sees it, in the version it is asked for in."""
    fields: Fields = {"id": config.id, "url": config.url}
    token = config.token.get_secret_value()
    if token:
        fields["token"] = token
    if config.schemes:
        wanted: Fields = (
            {"schemes": list(config.schemes)}
            if version == VERSION_0_3
            else {"scheme": config.schemes[0]}
        )
        credentials = config.credentials.get_secret_value()
        if credentials:
            wanted["credentials"] = credentials
        fields["authentication"] = wanted
    if version == VERSION_0_3:
        return {"taskId": task_id, "pushNotificationConfig": fields}
    return {"taskId": task_id, **fields}


def to_value(config: PushConfig) -> JsonObject:
    """What is kept of it."""
    return {
        "v": _STORED_VERSION,
        "url": config.url,
        "version": config.version,
        "token": config.token.get_secret_value(),
        "schemes": list(config.schemes),
        "credentials": config.credentials.get_secret_value(),
        "accepted": list(config.accepted),
    }


def from_value(name: str, value: JsonObject) -> PushConfig:
    """What was kept under a name.

    Raises:
        UnreadableRecordError: it is of a version that this release does not know.
    """
    if value.get("v") != _STORED_VERSION:
        raise UnreadableRecordError("A stored push config is of a version that is not known.")
    return PushConfig(
        id=name,
        url=_text(value["url"]),
        version=_text(value["version"]),
        token=SecretStr(_text(value["token"])),
        schemes=_texts(value["schemes"]),
        credentials=SecretStr(_text(value["credentials"])),
        accepted=_texts(value["accepted"]),
    )


def _schemes(wanted: Members, version: str) -> tuple[str, ...]:
    if version == VERSION_0_3:
        return wanted.texts("schemes", most=_SCHEMES_LIMIT)
    scheme = wanted.text("scheme")
    if not scheme:
        raise invalid(wanted.path("scheme"), "is required")
    return (scheme,)


def _header_text(members: Members, name: str) -> str:
    text = members.text(name)
    if not text:
        return ""
    if len(text) > TEXT_LIMIT or not _HEADER_TEXT.fullmatch(text):
        raise invalid(members.path(name), f"should have 1 to {TEXT_LIMIT} visible ASCII characters")
    return text


def _text(value: JsonValue) -> str:
    if not isinstance(value, str):
        raise UnreadableRecordError("A stored push config is damaged.")
    return value


def _texts(value: JsonValue) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise UnreadableRecordError("A stored push config is damaged.")
    return tuple(_text(item) for item in value)


__all__ = ["TEXT_LIMIT", "PushConfig", "from_config", "from_value", "to_config", "to_value"]
