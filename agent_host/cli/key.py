"""`agent-host keys`: makes, lists and revokes API keys, while a server runs or not."""

import argparse
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from agent_host.authentication.api_key import ApiKey, NewKey
from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.authentication.api_key_use import ApiKeyUse
from agent_host.cli.duration import read_duration
from agent_host.cli.source import load
from agent_host.cli.table import format_table
from agent_host.settings.place import keys_file
from agent_host.types.principal import ADMIN_SCOPE, CALL_SCOPE


def execute(arguments: argparse.Namespace) -> int:
    """Do what `action` says: `create`, `list` or `revoke`.

    Raises:
        ConfigurationError: it cannot be done; the text says why.
    """
    named = arguments.file
    path = Path(named).expanduser() if named else keys_file(load(arguments).settings)
    file = ApiKeyFile(path)
    book = ApiKeyBook(file)
    days = ApiKeyUse(path).days()
    if arguments.action == "create":
        is_first = not file.exists()
        new, key = book.create(_wish(arguments))
        print(_new_as_json(new, key) if arguments.json else _new_as_text(new, key, path))
        if is_first and not arguments.json:
            print("It is the first key here: a host asks for one from its next start on.")
    elif arguments.action == "list":
        keys = book.keys()
        print(_list_as_json(keys, days) if arguments.json else format_table(_rows(keys, days)))
    else:
        key = book.revoke(arguments.key)
        done = f"Revoked {key.name!r} ({key.id}); hosts that serve notice within two seconds."
        print(json.dumps(_as_json(key)) if arguments.json else done)
    return 0


def _wish(arguments: argparse.Namespace) -> KeyWish:
    return KeyWish(
        name=arguments.name,
        scopes=frozenset(arguments.scopes or [CALL_SCOPE]),
        subject=arguments.subject,
        tenant=arguments.tenant,
        expires_after=read_duration(arguments.expires, flag="--expires"),
    )


def _new_as_text(new: NewKey, key: ApiKey, path: Path) -> str:
    scopes = ", ".join(sorted(key.scopes))
    lines = [
        f"This is the key {key.name!r}. It is shown this once:",
        "",
        f"  {new.text}",
        "",
        f"Send it as `Authorization: Bearer KEY`. It {_expiry(key)}. Its scopes: {scopes}.",
        f"Only a hash of it is kept, in {path}. Take it back: agent-host keys revoke {key.id}",
    ]
    own = sorted(key.scopes - {CALL_SCOPE, ADMIN_SCOPE})
    if own:
        lines.append(f"The host itself gives no meaning to: {', '.join(own)}.")
    if CALL_SCOPE not in key.scopes:
        lines.append("It cannot talk to the agent: that takes --scope call.")
    return "\n".join(lines)


def _expiry(key: ApiKey) -> str:
    return f"expires on {_moment(key.expires_at)}" if key.expires_at else "never expires"


def _new_as_json(new: NewKey, key: ApiKey) -> str:
    return json.dumps({"key": new.text, **_as_json(key)})


def _list_as_json(keys: tuple[ApiKey, ...], days: Mapping[str, date]) -> str:
    listed = [
        _as_json(key) | {"last_used_on": days[key.id].isoformat() if key.id in days else None}
        for key in keys
    ]
    return json.dumps(listed)


def _as_json(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "subject": key.subject,
        "tenant": key.tenant,
        "scopes": sorted(key.scopes),
        "state": _state(key),
        "created_at": key.created_at.isoformat(),
        "expires_at": key.expires_at and key.expires_at.isoformat(),
        "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
    }


def _rows(keys: tuple[ApiKey, ...], days: Mapping[str, date]) -> Iterator[tuple[str, ...]]:
    yield "ID", "NAME", "STATE", "SCOPES", "SUBJECT", "TENANT", "CREATED", "EXPIRES", "LAST USED"
    for key in keys:
        yield (
            key.id,
            key.name,
            _state(key),
            ",".join(sorted(key.scopes)),
            key.subject,
            key.tenant,
            _moment(key.created_at),
            _moment(key.expires_at),
            days[key.id].isoformat() if key.id in days else "-",
        )


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    return "live" if key.is_live(datetime.now(UTC)) else "expired"


def _moment(moment: datetime | None) -> str:
    return "never" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


__all__ = ["execute"]
