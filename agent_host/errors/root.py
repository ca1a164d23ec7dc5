"""The root of the tree."""


class HostError(Exception):
    """The root. `code` is one stable word; `retryable` says that trying again later may work."""

    code = "host_error"
    retryable = False


__all__ = ["HostError"]
