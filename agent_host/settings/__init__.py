"""What can be set, and where it is set: code, environment, one TOML file, the command line."""

from agent_host.settings.channel import parse_channel
from agent_host.settings.file import FileSettings
from agent_host.settings.identity import ChannelIdentitySettings, IdentitySettings
from agent_host.settings.limit import LimitSettings
from agent_host.settings.loader import LoadedSettings, load_settings
from agent_host.settings.model import (
    ChannelSettings,
    LogSettings,
    RunSettings,
    SessionSettings,
    Settings,
)
from agent_host.settings.option import Option, list_options
from agent_host.settings.pairing import PairingSettings
from agent_host.settings.runtime_mode import (
    RuntimeMode,
    detect_isolation,
    detect_runtime_mode,
    refuse_lost_work,
)
from agent_host.settings.server import ServerSettings
from agent_host.settings.source import Flag

__all__ = [
    "ChannelIdentitySettings",
    "ChannelSettings",
    "FileSettings",
    "Flag",
    "IdentitySettings",
    "LimitSettings",
    "LoadedSettings",
    "LogSettings",
    "Option",
    "PairingSettings",
    "RunSettings",
    "RuntimeMode",
    "ServerSettings",
    "SessionSettings",
    "Settings",
    "detect_isolation",
    "detect_runtime_mode",
    "list_options",
    "load_settings",
    "parse_channel",
    "refuse_lost_work",
]
