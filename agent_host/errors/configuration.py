"""What the operator has to change."""

from agent_host.errors.root import HostError


class ConfigurationError(HostError):
    """The operator set something wrong. The text names the setting to change."""

    code = "configuration"


class MissingExtraError(ConfigurationError):
    """An optional part is asked for and not installed."""

    code = "missing_extra"

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs an optional part. "
            f"Install it with: pip install 'agent-host-server[{extra}]'"
        )


class UnsupportedTargetError(ConfigurationError):
    """No adapter knows this object. The text lists what is supported."""

    code = "unsupported_target"


__all__ = ["ConfigurationError", "MissingExtraError", "UnsupportedTargetError"]
