"""Stored payloads: versioned JSON of the values in `agent_host.types`.

Owns the envelope `{"v":1,"k":"<kind>","d":{...}}` and nothing about any one kind of record. An
unknown version or kind is refused and never guessed, so a changed value needs a new version.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Generic, TypeVar, cast

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from pydantic_core import CoreConfig, CoreSchema, SchemaSerializer, SchemaValidator

from agent_host.errors import NewerRecordError, UnreadableRecordError
from agent_host.sparse import Sparse, sparse

T = TypeVar("T")

DEPTH_LIMIT: Final = 190
"""Nesting that is written without being read back first; the JSON reader's own limit is 200."""


@with_config(
    ConfigDict(
        strict=True,
        extra="forbid",
        hide_input_in_errors=True,
        ser_json_bytes="base64",
        val_json_bytes="base64",
        ser_json_inf_nan="constants",
    )
)
@dataclass(slots=True)
class _Envelope(Generic[T]):
    v: int
    k: str
    d: T


_HEADER: Final = TypeAdapter(_Envelope[Any])

# Dataclasses take the envelope's configuration, `Any` fields take this one.
# "constants" writes NaN and Infinity, which the reader takes: numbers come back as they were.
_CONFIG: Final = CoreConfig(
    ser_json_bytes="base64",
    val_json_bytes="base64",
    ser_json_inf_nan="constants",
    hide_input_in_errors=True,
)


class VersionedCodec(Generic[T]):
    """Bytes of one kind of record, made from dataclasses of the standard library.

    Fields must hold what their annotations say: a wrong type is an error when written, not when
    read. `JsonValue` fields take what JSON has; tuples come back as lists. The schema is built when
    it is first needed, which is some milliseconds for a large union.
    """

    def __init__(self, kind: str, version: int, type_: type[T]) -> None:
        self.kind = kind
        self._version = version
        self._head = b'{"v":%d,"k":"%b","d":' % (version, kind.encode("ascii"))
        self._type = type_

    @cached_property
    def _schema(self) -> CoreSchema:
        # The subscript is a value here, which no type checker can follow.
        adapter = TypeAdapter[_Envelope[T]](cast("Any", _Envelope)[self._type])
        return _with_tagged_unions(adapter.core_schema)

    @cached_property
    def _validator(self) -> SchemaValidator:
        return SchemaValidator(self._schema, _CONFIG)

    @cached_property
    def _fields_of(self) -> Sparse[T]:
        return sparse(self._type)

    @cached_property
    def _serializer(self) -> SchemaSerializer:
        return SchemaSerializer(self._schema, _CONFIG)

    def encode(self, value: T) -> bytes:
        """The payload.

        Raises:
            ValueError: a field does not hold what its annotation says, or holds what JSON cannot
                say, or is nested too deep to be read again.
        """
        envelope = _Envelope(self._version, self.kind, value)
        payload: bytes = self._serializer.to_json(envelope, warnings="error")
        if payload.count(b"[") + payload.count(b"{") > DEPTH_LIMIT:
            self._check_depth(payload)
        return payload

    def encode_own(self, value: T, fields: dict[str, object] | None = None) -> bytes:
        """The payload of a value whose fields are known to hold what they should: the host's own
        records, and what was looked at before. Three times as fast as `encode`, which it falls
        back to for what JSON's common types do not cover.

        `fields` is the same value as a dict, for whoever has it already. What it leaves out or
        changes is not so where this falls back.

        Raises:
            ValueError: see `encode`.
        """
        try:
            given = self._fields_of(value) if fields is None else fields
            data = orjson.dumps(given, option=orjson.OPT_UTC_Z)
        except TypeError:
            return self.encode(value)
        # The copy is what is kept: orjson's own bytes leave a hole of most of a kilobyte behind
        # them in memory, which costs more than all else here.
        return b"".join((self._head, data, b"}"))

    def decode(self, payload: bytes) -> T:
        """The value.

        Raises:
            UnreadableRecordError: it is damaged, of another kind, or of a version this release
                does not know; `NewerRecordError` if that is a later one.
        """
        try:
            envelope: _Envelope[T] = self._validator.validate_json(payload)
        except ValidationError as error:
            raise self._unreadable(payload) from error
        if envelope.v != self._version or envelope.k != self.kind:
            raise self._unreadable(payload)
        return envelope.d

    def _unreadable(self, payload: bytes) -> UnreadableRecordError:
        try:
            header = _HEADER.validate_json(payload)
        except ValidationError:
            return UnreadableRecordError(f"A stored {self.kind} record is damaged.")
        if header.k != self.kind:
            return UnreadableRecordError(
                f"A stored record is of another kind where a {self.kind} record was expected."
            )
        if header.v != self._version:
            kind = NewerRecordError if header.v > self._version else UnreadableRecordError
            return kind(
                f"A stored {self.kind} record is of version {header.v}; "
                f"this release reads version {self._version}."
            )
        return UnreadableRecordError(f"A stored {self.kind} record is damaged.")

    def _check_depth(self, payload: bytes) -> None:
        try:
            _HEADER.validate_json(payload)
        except ValidationError as error:
            message = f"a {self.kind} record is nested too deep to be read again"
            raise ValueError(message) from error


def _with_tagged_unions(schema: CoreSchema) -> CoreSchema:
    """Let every union whose members name themselves in `type` be decided by that field.

    The values carry `Literal` names and no library's markers; without this pydantic tries one
    member of a union after the other, ten times slower.
    """
    root = cast("dict[str, Any]", schema)
    definitions: dict[str, Any] = {one["ref"]: one for one in root.get("definitions", ())}
    return cast("CoreSchema", _rewritten(root, definitions))


def _rewritten(node: object, definitions: Mapping[str, Any]) -> object:
    if type(node) is list:
        return [_rewritten(item, definitions) for item in cast("list[object]", node)]
    if not isinstance(node, dict):
        return node
    fields = cast("dict[str, Any]", node)
    copy: dict[str, Any] = {name: _rewritten(at, definitions) for name, at in fields.items()}
    if copy.get("type") == "dataclass":
        # A dataclass's fields heed its own configuration only, and it has none.
        copy["config"] = {**copy.get("config", {}), **_CONFIG}
    if copy.get("type") != "union":
        return copy
    choices: dict[str, Any] = {}
    for choice in copy["choices"]:
        names = _type_names(choice, definitions)
        if not names:
            return copy
        choices.update(dict.fromkeys(names, choice))
    return {"type": "tagged-union", "discriminator": "type", "choices": choices}


def _type_names(choice: dict[str, Any], definitions: Mapping[str, Any]) -> list[str]:
    """The values of a dataclass's `Literal` field `type`; none if it is no such dataclass."""
    if choice["type"] == "definition-ref":
        choice = definitions[choice["schema_ref"]]
    if choice["type"] != "dataclass":
        return []
    for field in choice["schema"]["fields"]:
        schema = field["schema"]
        literal = schema["schema"] if schema["type"] == "default" else schema
        if field["name"] == "type" and literal["type"] == "literal":
            return list(literal["expected"])
    return []


__all__ = ["VersionedCodec"]
