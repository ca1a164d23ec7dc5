"""The seam to a provider that people sign in at. It proves a subject; links are none of its."""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from agent_host.types.json import JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn:
    """One sign-in of one browser. All but the address is derived from a secret that only this
    browser has, so that none of it need be stored.
    """

    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInStart:
    """Where to send the browser, and what to be given again at the end."""

    url: str = field(repr=False)
    kept: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedSubject:
    """Who signed in: `issuer` and `subject` say who it is for ever, `claims` what else was
    verified. `shown_as` is how a person knows the account; it proves nothing.
    """

    issuer: str
    subject: str
    shown_as: str
    claims: JsonObject


class SignInProvider(Protocol):
    """One provider, as one client of it."""

    @property
    def name(self) -> str:
        """The linker's; lower case, `[a-z][a-z0-9_]*`."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    @property
    def issuer(self) -> str:
        """Of all subjects that it proves."""
        ...

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """Whatever must be open while it works."""
        ...

    async def begin(self, sign_in: SignIn) -> SignInStart:
        """The provider's address for this sign-in.

        Raises:
            SignInUnavailableError: the provider cannot say it now.
        """
        ...

    async def complete(
        self, sign_in: SignIn, *, kept: JsonObject, answer: Mapping[str, str]
    ) -> ProvedSubject:
        """Who signed in. `answer` is what the provider sent the browser back with; its state was
        checked. Called at most once for each sign-in.

        Raises:
            SignInError: the person, or the provider, said no; or something does not fit.
            SignInUnavailableError: the provider cannot be asked now.
        """
        ...


__all__ = ["ProvedSubject", "SignIn", "SignInProvider", "SignInStart"]
