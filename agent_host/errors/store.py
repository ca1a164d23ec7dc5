"""What a store cannot do."""

from agent_host.errors.root import HostError


class StoreError(HostError):
    """The store could not do it."""

    code = "store"


class ConflictError(StoreError):
    """A write found another version than it expected. Nothing of its commit was done."""

    code = "conflict"


class LeaseLostError(StoreError):
    """The fence is no longer held. Nothing of the commit was done."""

    code = "lease_lost"


class StoreFullError(StoreError):
    """The store's bound is reached and nothing may be evicted."""

    code = "store_full"
    retryable = True


class StoreUnavailableError(StoreError):
    """The store does not answer, or was closed."""

    code = "store_unavailable"
    retryable = True


class UnreadableRecordError(StoreError):
    """A stored record is damaged or of a version this release does not know."""

    code = "unreadable_record"


class NewerRecordError(UnreadableRecordError):
    """It is of a version that a newer release writes."""

    code = "newer_record"


__all__ = [
    "ConflictError",
    "LeaseLostError",
    "NewerRecordError",
    "StoreError",
    "StoreFullError",
    "StoreUnavailableError",
    "UnreadableRecordError",
]
