"""Exchanges an authorization code at a token endpoint (RFC 6749 §4.1.3, RFC 7636 §4.5)."""

import base64
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from agent_host.errors import SignInError, SignInUnavailableError
from agent_host.jose.discovery import read_limited


def client_proof(
    client_id: str, secret: SecretStr | None, *, basic: bool
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Headers and fields with which a client says who it is (RFC 6749 §2.3.1)."""
    if secret is None:
        return {}, {"client_id": client_id}
    if not basic:
        return {}, {"client_id": client_id, "client_secret": secret.get_secret_value()}
    pair = f"{quote(client_id, safe='')}:{quote(secret.get_secret_value(), safe='')}"
    encoded = base64.b64encode(pair.encode()).decode("ascii")
    return {"authorization": f"Basic {encoded}"}, {}


async def ask_json(
    client: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    fields: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The object in a good answer. Redirects are not followed.

    Raises:
        SignInError: the provider says no, or what it says is no JSON object.
        SignInUnavailableError: it cannot be reached, or fails.
    """
    try:
        async with client.stream(
            method,
            url,
            headers={"accept": "application/json", **headers},
            data=fields,
            follow_redirects=False,
        ) as response:
            body = await read_limited(response)
    except httpx.HTTPError as error:
        reason = f"a provider cannot be reached: {type(error).__name__}"
        raise SignInUnavailableError(reason) from error
    except ValueError:
        raise SignInError("answer_too_large") from None
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        reason = f"a provider answers with status {response.status_code}"
        raise SignInUnavailableError(reason)
    if response.status_code != HTTPStatus.OK:
        raise SignInError("refused")
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise SignInError("malformed_answer")
    return cast("dict[str, Any]", document)


def text_member(document: Mapping[str, Any], name: str) -> str:
    """A member of an answer that must be there.

    Raises:
        SignInError: it is not; OAuth servers say errors with status 200 too.
    """
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise SignInError("malformed_answer")
    return value


__all__ = ["ask_json", "client_proof", "text_member"]
