"""The codes that strangers are shown. Pure.

A code is computed and not drawn: the same person sees the same one, for as long as one holds, also
where nothing is kept for it. So nobody can tell by it whether they wait, were denied, or are one
too many.
"""

import hmac
from typing import Final

from agent_host.linking.code import ALPHABET, CodeForm
from agent_host.types.principal import ChannelIdentity

_GROUP: Final = 4


def code_of(identity: ChannelIdentity, *, secret: bytes, period: int) -> str:
    """As it is shown, in groups. `secret` is this process's, `period` the number of the time that
    codes are computed for.
    """
    parts = (identity.tenant, identity.channel, identity.account, identity.native_id)
    told = hmac.new(secret, b"%d:" % period, "sha256")
    for part in parts:
        # A platform's id may hold a lone surrogate; it must not collide with its replacement.
        encoded = part.encode("utf-8", "surrogatepass")
        told.update(b"%d:" % len(encoded))
        told.update(encoded)
    number = int.from_bytes(told.digest(), "big")
    text = ""
    for _ in range(CodeForm.SHORT.length):
        number, digit = divmod(number, len(ALPHABET))
        text += ALPHABET[digit]
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


__all__ = ["code_of"]
