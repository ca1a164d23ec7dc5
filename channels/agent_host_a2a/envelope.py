"""The envelope of a JSON-RPC 2.0 request (https://www.jsonrpc.org/specification). Pure."""

from dataclasses import dataclass
from typing import Any, Final, cast

from agent_host.types import JsonObject, JsonValue
from agent_host.wire.json_text import json_bytes
from agent_host_a2a.fault import Fault, FaultError

_IDS: Final = (str, int, type(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A method and its parameters, by name."""

    method: str
    params: JsonObject


def to_object(value: JsonValue) -> JsonObject:
    """The request, as far as it is an object.

    Raises:
        FaultError: it is none; batches are not taken.
    """
    if isinstance(value, list):
        raise FaultError(Fault.REQUEST, "Batches are not taken; send one request.")
    if not isinstance(value, dict):
        raise FaultError(Fault.REQUEST, "The request should be a JSON object.")
    return cast("dict[str, Any]", value)


def to_rpc_id(request: JsonObject) -> bytes:
    """The id, as the JSON that goes into the response.

    Raises:
        FaultError: there is none, or it is neither text nor an integer nor null.
    """
    if "id" not in request:
        raise FaultError(Fault.REQUEST, "id: is required; there are no notifications.")
    rpc_id = request["id"]
    if type(rpc_id) is bool or not isinstance(rpc_id, _IDS):
        raise FaultError(Fault.REQUEST, "id: should be a string or an integer.")
    return json_bytes(rpc_id)


def to_envelope(request: JsonObject) -> Envelope:
    """What is asked for.

    Raises:
        FaultError: it is no JSON-RPC 2.0, or has parameters by position.
    """
    if request.get("jsonrpc") != "2.0":
        raise FaultError(Fault.REQUEST, "jsonrpc: should be 2.0.")
    method = request.get("method")
    if not isinstance(method, str):
        raise FaultError(Fault.REQUEST, "method: should be a string.")
    params = request.get("params")
    if params is None:
        return Envelope(method=method, params={})
    if not isinstance(params, dict):
        raise FaultError(Fault.PARAMS, "params: should be an object.")
    return Envelope(method=method, params=cast("dict[str, Any]", params))


__all__ = ["Envelope", "to_envelope", "to_object", "to_rpc_id"]
