"""How an agent elsewhere is called: proofs, limits, and whom to trust."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from agent_host.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteA2AOptions:
    """What proves who we are goes to the origin of the agent's URL, and to `origins` beside it.

    `bearer_token_file` is read at every call, so that a token can be renewed while the host runs.
    `api_key` goes in the header `api_key_header`; `headers` are any further ones. With
    `card_keys_file` (a PEM, a JWK or a JWK set) the card must have a signature by one of its keys.
    `idle_time_limit` is the longest silence of a stream or a call, `cancel_time_limit` what the
    agent is given to take a cancellation; a response, and one event, is limited in size. A stream
    that broke off is taken up again `reconnect_limit` times without news in between. An agent that
    does not stream is asked how it stands, at first after `poll_interval` and then less often.
    """

    bearer_token: SecretStr | None = None
    bearer_token_file: Path | None = None
    api_key: SecretStr | None = None
    api_key_header: str = "X-API-Key"
    headers: Mapping[str, SecretStr] = field(default_factory=dict[str, SecretStr])
    origins: tuple[str, ...] = ()
    card_keys_file: Path | None = None
    card_lifetime: timedelta = timedelta(minutes=5)
    connect_time_limit: timedelta = timedelta(seconds=10)
    idle_time_limit: timedelta = timedelta(seconds=60)
    cancel_time_limit: timedelta = timedelta(seconds=5)
    reconnect_limit: int = 5
    poll_interval: timedelta = timedelta(milliseconds=100)
    response_limit_bytes: int = 16 * 1024 * 1024

    def proof(self) -> dict[str, str]:
        """The headers that say who we are, as they are now.

        Raises:
            ConfigurationError: the token's file cannot be read.
        """
        headers = {name: value.get_secret_value() for name, value in self.headers.items()}
        if self.api_key is not None:
            headers[self.api_key_header] = self.api_key.get_secret_value()
        token = self._token()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return headers

    def _token(self) -> str | None:
        if self.bearer_token_file is not None:
            try:
                return self.bearer_token_file.read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                message = f"The token's file {self.bearer_token_file} cannot be read."
                raise ConfigurationError(message) from error
        return None if self.bearer_token is None else self.bearer_token.get_secret_value()


__all__ = ["RemoteA2AOptions"]
