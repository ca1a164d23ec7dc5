"""Where the host is that an operator's command is about: by its folder, or by a URL and a key."""

import argparse
import os
import sys
from pathlib import Path
from typing import Final

from agent_host.authentication.operator_file import OperatorFile, is_loopback_url
from agent_host.cli.operator_client import OperatorClient
from agent_host.cli.source import load
from agent_host.errors import ConfigurationError
from agent_host.settings.source import ADMIN_KEY_VARIABLE
from agent_host.stores.disk_folder import SCHEME, folder_of_url
from agent_host.stores.disk_lock import is_locked

_NO_FOLDER: Final = (
    "This host's store is no folder, so its owner has no way in. Name the host with --url, and "
    f"give a key with the scope admin in {ADMIN_KEY_VARIABLE}: `agent-host keys create NAME "
    "--scope admin`."
)


def find_place(arguments: argparse.Namespace) -> OperatorClient | Path:
    """The host that serves, or the folder that no host serves from.

    Raises:
        ConfigurationError: there is no way in; the text says what to do.
    """
    if arguments.url is not None:
        return _by_key(arguments)
    if arguments.key is not None:
        raise ConfigurationError("--key goes with --url: it says which host the key is for.")
    store = load(arguments).settings.store
    if not store.startswith(SCHEME):
        raise ConfigurationError(_NO_FOLDER)
    folder = folder_of_url(store)
    if not _is_served(folder):
        return folder
    found = OperatorFile(folder).read()
    if found is None:
        message = (
            f"A server has {folder} and left no way in: it is starting or stopping, it does not "
            "listen on loopback, or `access.operator_door` is off. Try again, or use --url and a "
            f"key with the scope admin ({ADMIN_KEY_VARIABLE})."
        )
        raise ConfigurationError(message)
    return OperatorClient(found.url, found.token)


def find_host(arguments: argparse.Namespace) -> OperatorClient:
    """The host that serves.

    Raises:
        ConfigurationError: none does, or there is no way in.
    """
    place = find_place(arguments)
    if isinstance(place, OperatorClient):
        return place
    raise ConfigurationError(not_serving(place))


def not_serving(folder: Path) -> str:
    """What is said where a server is needed."""
    return (
        f"No server runs on {folder}. Start one with `agent-host run`, or name another folder with "
        "--store, or a host with --url."
    )


def _is_served(folder: Path) -> bool:
    try:
        return is_locked(folder)
    except OSError as error:
        message = f"The store's folder {folder} cannot be looked into: {error.strerror}."
        raise ConfigurationError(message) from error


def _by_key(arguments: argparse.Namespace) -> OperatorClient:
    key = arguments.key or os.environ.get(ADMIN_KEY_VARIABLE)
    if not key:
        raise ConfigurationError(
            f"--url takes a key with the scope admin, in {ADMIN_KEY_VARIABLE} or as --key. Make "
            "one where the host runs: `agent-host keys create NAME --scope admin`."
        )
    if not key.isascii() or not key.isprintable():
        raise ConfigurationError("The key has characters that no key has.")
    if arguments.url.startswith("http://") and not is_loopback_url(arguments.url):
        print("agent-host: the key goes over the network in the clear; use https", file=sys.stderr)
    return OperatorClient(arguments.url, key)


__all__ = ["find_host", "find_place", "not_serving"]
