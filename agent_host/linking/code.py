"""One-time codes: how they are made, read back from what people type, and hashed. Pure.

The alphabet is Crockford's base 32 (https://www.crockford.com/base32.html): no letter that is
taken for a digit, and those people type instead are read as what was meant.
"""

import hashlib
import secrets
from enum import StrEnum
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER_DIGITS: Final = 6

_MEANT: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
_BREAKS: Final = str.maketrans("", "", " -")
_TYPED_LIMIT: Final = 64
_GROUP: Final = 4

# A short code and a number can be tried through against their digests, so that each try costs some
# milliseconds and 4 MiB: all the short codes cost centuries, while a code lives for minutes.
_COST: Final = 2**12
_BLOCK: Final = 8
_DIGEST_BYTES: Final = 32


class CodeForm(StrEnum):
    """`short` is for people to type: 40 bits. `long` is for those who paste: 130 bits."""

    SHORT = "short"
    LONG = "long"

    @property
    def length(self) -> int:
        """Characters, breaks not counted."""
        return 8 if self is CodeForm.SHORT else 26


def new_code(form: CodeForm) -> str:
    """A code as it is shown, in groups."""
    text = "".join(secrets.choice(ALPHABET) for _ in range(form.length))
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def read_code(typed: str, form: CodeForm) -> str | None:
    """What is hashed of a code that somebody typed; None where it can be none of this form."""
    if len(typed) > _TYPED_LIMIT or not typed.isascii():
        return None
    text = typed.strip().upper().translate(_BREAKS).translate(_MEANT)
    if len(text) != form.length or not set(text) <= set(ALPHABET):
        return None
    return text


def new_number() -> str:
    """What one side reads out to the other."""
    return f"{secrets.randbelow(10**NUMBER_DIGITS):0{NUMBER_DIGITS}}"


def read_number(typed: str) -> str | None:
    """The number that somebody typed, breaks left out; None where it is none."""
    if len(typed) > _TYPED_LIMIT:
        return None
    text = typed.strip().translate(_BREAKS)
    is_number = len(text) == NUMBER_DIGITS and text.isascii() and text.isdigit()
    return text if is_number else None


def slow_digest(secret: str, *context: str) -> str:
    """Of a secret that is short enough to be guessed, for this context alone. Blocks for
    milliseconds, without the interpreter's lock.
    """
    salt = fast_digest(*context).encode()
    digest = hashlib.scrypt(secret.encode(), salt=salt, n=_COST, r=_BLOCK, p=1, dklen=_DIGEST_BYTES)
    return digest.hex()


def fast_digest(*parts: str) -> str:
    """Of texts that need not be kept secret, or cannot be guessed. No two lists share one."""
    digest = hashlib.sha256()
    for part in parts:
        # A platform's id may hold a lone surrogate; it must not collide with its replacement.
        encoded = part.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(encoded))
        digest.update(encoded)
    return digest.hexdigest()


__all__ = [
    "ALPHABET",
    "NUMBER_DIGITS",
    "CodeForm",
    "fast_digest",
    "new_code",
    "new_number",
    "read_code",
    "read_number",
    "slow_digest",
]
