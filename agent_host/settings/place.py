"""Where files of the host are that a setting may name: else they go where the store is."""

from pathlib import Path
from typing import Final

from agent_host.errors import ConfigurationError
from agent_host.settings.model import Settings
from agent_host.stores.disk_folder import DEFAULT_FOLDER, SCHEME, folder_of_url

_KEYS: Final = "keys.json"
_FILES: Final = "files"


def keys_file(settings: Settings) -> Path:
    """Where API keys are kept."""
    named = settings.access.keys_file
    return _state_folder(settings) / _KEYS if named is None else Path(named).expanduser()


def files_folder(settings: Settings) -> Path:
    """Where the bytes of files are kept, if the store survives the process."""
    named = settings.files.folder
    return _state_folder(settings) / _FILES if named is None else named


def _state_folder(settings: Settings) -> Path:
    """The store's folder; the usual one, if it has none or its URL names none."""
    if settings.store.startswith(SCHEME):
        try:
            return folder_of_url(settings.store)
        except ConfigurationError:  # said where the store is made
            pass
    return Path(DEFAULT_FOLDER)


__all__ = ["files_folder", "keys_file"]
