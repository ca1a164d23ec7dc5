"""What all checks look at: the settings, the environment, the time, and what follows from them."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent_host.asgi.bind import is_loopback
from agent_host.doctor.listener import Listener, find_listener
from agent_host.protocols.clock import Clock
from agent_host.settings import LoadedSettings, RuntimeMode, Settings, detect_runtime_mode
from agent_host.settings.place import keys_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the operator asks for. `offline`: ask no other machine. `thorough`: read every page of
    the store. `load_target`: run the target's code as far as it is loaded.
    """

    offline: bool = False
    thorough: bool = False
    load_target: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Everything a check may read. `is_public`: other machines reach the address. `asks_proof`:
    callers have to prove who they are. `listener`: who listens at the address now.
    """

    loaded: LoadedSettings
    environ: Mapping[str, str]
    clock: Clock
    wishes: Wishes
    is_public: bool
    asks_proof: bool
    listener: Listener

    @property
    def settings(self) -> Settings:
        """What is set, and the defaults."""
        return self.loaded.settings

    @property
    def runtime_mode(self) -> RuntimeMode:
        """The mode in effect."""
        return self.settings.runtime_mode or detect_runtime_mode(self.environ)

    @property
    def is_production(self) -> bool:
        """Whether it looks as if others than the person at this machine are served."""
        return (
            self.is_public
            or self.asks_proof
            or bool(self.settings.server.trusted_proxies)
            or self.runtime_mode is RuntimeMode.EPHEMERAL
        )


def survey(
    loaded: LoadedSettings, *, environ: Mapping[str, str], clock: Clock, wishes: Wishes
) -> Situation:
    """Look around. Asks the system's resolver, and whoever listens at the host's own address."""
    server = loaded.settings.server
    return Situation(
        loaded=loaded,
        environ=environ,
        clock=clock,
        wishes=wishes,
        is_public=not is_loopback(server.host),
        asks_proof=_asks_proof(loaded.settings),
        listener=find_listener(server.host, server.port),
    )


def takes_keys(settings: Settings) -> bool:
    """Whether API keys are taken, by what is set or because the file is there."""
    if settings.access.api_keys is not None:
        return settings.access.api_keys
    try:
        return keys_file(settings).exists()
    except OSError:  # it cannot be seen from here, so it is there
        return True


def _asks_proof(settings: Settings) -> bool:
    return takes_keys(settings) or settings.access.jwt.issuer is not None


__all__ = ["Situation", "Wishes", "survey", "takes_keys"]
