"""Groups of a person in Entra. A token names some 200 at most; of more it only says that there are
more (https://learn.microsoft.com/security/zero-trust/develop/configure-tokens-group-claims-app-roles).
"""

from collections.abc import Mapping
from typing import Any, Final, cast

import httpx

from agent_host.errors import SignInError
from agent_host.linking.oidc.token_request import ask_json

GRAPH: Final = "https://graph.microsoft.com"
_PAGES: Final = 20


def are_left_out(claims: Mapping[str, Any]) -> bool:
    """Whether the token leaves groups out because there are too many."""
    names: object = claims.get("_claim_names")
    elsewhere = isinstance(names, dict) and "groups" in cast("dict[str, object]", names)
    return elsewhere or claims.get("hasgroups") is True or claims.get("hasgroups") == "true"


async def fetch_groups(http: httpx.AsyncClient, access_token: str, *, graph: str) -> list[str]:
    """The ids of all security groups that the person is in, nested ones included.

    Raises:
        SignInError: the token may not read them, or there are more than can be kept.
        SignInUnavailableError: Graph cannot be asked now.
    """
    found: list[str] = []
    url = f"{graph}/v1.0/me/transitiveMemberOf/microsoft.graph.group?$select=id&$top=999"
    for _ in range(_PAGES):
        page = await ask_json(http, "GET", url, headers={"authorization": f"Bearer {access_token}"})
        entries: object = page.get("value")
        if not isinstance(entries, list):
            raise SignInError("groups")
        for entry in cast("list[object]", entries):
            group = cast("dict[str, object]", entry).get("id") if isinstance(entry, dict) else None
            if not isinstance(group, str):
                raise SignInError("groups")
            found.append(group)
        following: object = page.get("@odata.nextLink")
        if following is None:
            return found
        if not isinstance(following, str) or not following.startswith(f"{graph}/"):
            raise SignInError("groups")
        url = following
    raise SignInError("too_many_groups")


__all__ = ["GRAPH", "are_left_out", "fetch_groups"]
