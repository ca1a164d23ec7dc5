"""What somebody showed to prove who they are, for as long as it holds."""

from collections.abc import Callable

from agent_host.types.principal import Principal


class Proof:
    """A principal whose credential can expire or be revoked while a request of theirs goes on.

    An authenticator gives it instead of the bare principal, and the same one to every request with
    the same credential. It holds until `end` is called, which is final. `expires_at` is in seconds
    since 1970 and ends nothing by itself. For the thread of one event loop.
    """

    __slots__ = ("__weakref__", "_holds", "_watchers", "expires_at", "principal")

    def __init__(self, principal: Principal, *, expires_at: float | None = None) -> None:
        self.principal = principal
        self.expires_at = expires_at
        self._holds = True
        self._watchers: set[Callable[[], None]] = set()

    @property
    def ended(self) -> bool:
        """Whether it holds no more."""
        return not self._holds

    def holds_at(self, now: float) -> bool:
        """Whether it has not been ended and does not expire until after `now`."""
        return self._holds and (self.expires_at is None or now < self.expires_at)

    def end(self) -> None:
        """It holds no more: tell everybody who watches, each once."""
        self._holds = False
        while self._watchers:
            self._watchers.pop()()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` when it ends."""
        self._watchers.add(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Do not call `watcher` any more."""
        self._watchers.discard(watcher)

    @property
    def watched(self) -> bool:
        """Whether a request depends on it now."""
        return bool(self._watchers)


__all__ = ["Proof"]
