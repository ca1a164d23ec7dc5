"""What a provider sends a browser back with: RFC 6749 §4.1.2, RFC 9207. Pure."""

from collections.abc import Mapping

from agent_host.errors import SignInError


def code_in(answer: Mapping[str, str], *, issuer: str, must_name_issuer: bool = False) -> str:
    """The code, from the provider that was asked and no other.

    Raises:
        SignInError: another provider answers, the person said no, or there is no code.
    """
    named = answer.get("iss")
    if named is None and must_name_issuer:
        raise SignInError("issuer_missing")
    if named is not None and named != issuer:
        raise SignInError("issuer_mixed_up")
    if "error" in answer:
        raise SignInError("declined")
    code = answer.get("code")
    if not code:
        raise SignInError("code_missing")
    return code


__all__ = ["code_in"]
