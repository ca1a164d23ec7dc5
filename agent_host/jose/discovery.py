"""Asks an issuer what it is: OpenID Connect Discovery 1.0 §4
(https://openid.net/specs/openid-connect-discovery-1_0.html). Keeps nothing.
"""

import json
from typing import Any, Final, cast

import httpx

PATH: Final = "/.well-known/openid-configuration"
ANSWER_LIMIT_BYTES: Final = 256 * 1024
_OK: Final = 200


async def fetch_configuration(
    client: httpx.AsyncClient, issuer: str, *, setting: str
) -> dict[str, Any]:
    """The issuer's own description, which names the same issuer. `setting` is what names it here.

    Raises:
        ValueError: what it answers makes no sense; the text is for the operator.
        httpx.HTTPError: it cannot be reached.
    """
    body = await fetch_body(client, issuer.rstrip("/") + PATH)
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or "issuer" not in document:
        raise ValueError("what it answers is no OpenID configuration")
    found = cast("dict[str, Any]", document)
    if found["issuer"] != issuer:
        raise ValueError(f"it calls itself by another name than `{setting}`")
    return found


def endpoint_in(configuration: dict[str, Any], name: str) -> str:
    """A member that must be a text.

    Raises:
        ValueError: it is missing or none; the text is for the operator.
    """
    url = configuration.get(name)
    if not isinstance(url, str):
        raise ValueError("what it answers is no OpenID configuration")  # noqa: TRY004
    return url


async def fetch_body(client: httpx.AsyncClient, url: str) -> bytes:
    """The body of a good answer to GET. Redirects are not followed.

    Raises:
        ValueError: the answer is no good, or too large.
        httpx.HTTPError: there is none.
    """
    headers = {"accept": "application/json"}
    async with client.stream("GET", url, headers=headers, follow_redirects=False) as response:
        if response.status_code != _OK:
            raise ValueError(f"it answers with status {response.status_code}")
        return await read_limited(response)


async def read_limited(response: httpx.Response) -> bytes:
    """The body of an answer whose headers were read.

    Raises:
        ValueError: it is too large.
    """
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > ANSWER_LIMIT_BYTES:
            raise ValueError(f"its answer has more than {ANSWER_LIMIT_BYTES} bytes")
    return bytes(body)


__all__ = [
    "ANSWER_LIMIT_BYTES",
    "PATH",
    "endpoint_in",
    "fetch_body",
    "fetch_configuration",
    "read_limited",
]
