"""The bytes of an A2A agent card that a signature is made of (specification, section 8.4.1).

Beside the seams, as the channel that signs and the target that checks must not know each other.
Needs the extra `a2a-signing`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from agent_host.errors import ConfigurationError, MissingExtraError

_FREE: Final = frozenset({"params"})
"""Members that hold any JSON: what is empty there says something."""

_DEEPEST: Final = 64


def canonical_card(card: Mapping[str, Any]) -> bytes:
    """The canonical form (RFC 8785) of a card, without its signatures and without empty texts and
    lists, which a protocol buffer leaves out; an empty object it does not.

    Raises:
        ConfigurationError: it has a number that RFC 8785 has no form for.
    """
    return _canonical({name: _kept(value) for name, value in _signed(card).items()})


def lean_card(card: Mapping[str, Any]) -> bytes:
    """The same without empty objects too, which is the form that the official SDKs check."""
    return _canonical(_lean(_signed(card)) or {})


def signed_forms(card: Mapping[str, Any]) -> tuple[bytes, ...]:
    """What may have been signed, without repetition: the card as it is sent, and both forms."""
    forms = (_canonical(_signed(card)), canonical_card(card), lean_card(card))
    return tuple(dict.fromkeys(forms))


def _signed(card: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in card.items() if name != "signatures"}


def _kept(value: object) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        return {
            name: inner if name in _FREE else _kept(inner)
            for name, inner in fields.items()
            if name in _FREE or not _is_empty(inner)
        }
    if isinstance(value, list):
        return [_kept(item) for item in cast("list[object]", value)]
    return value


def _is_empty(value: object) -> bool:
    return isinstance(value, Sequence) and not value


def _lean(value: object, depth: int = 0) -> Any:  # noqa: ANN401 - any JSON
    """Without whatever is empty; None where nothing is left."""
    if depth > _DEEPEST:
        raise ConfigurationError("The card is nested too deeply to be signed.")
    if isinstance(value, Mapping):
        fields = cast("Mapping[str, Any]", value)
        lean = {name: _lean(inner, depth + 1) for name, inner in fields.items()}
        return {name: inner for name, inner in lean.items() if inner is not None} or None
    if isinstance(value, list):
        kept = [_lean(item, depth + 1) for item in cast("list[object]", value)]
        return [item for item in kept if item is not None] or None
    return None if isinstance(value, str) and not value else value


def _canonical(value: object) -> bytes:
    try:
        # Loaded by those who sign or check, and nobody else.
        import rfc8785  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError("a2a-signing", "A signed agent card") from error
    try:
        return rfc8785.dumps(cast("Any", value))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError("The card holds what has no canonical form.") from error


__all__ = ["canonical_card", "lean_card", "signed_forms"]
