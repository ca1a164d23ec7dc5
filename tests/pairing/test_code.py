"""The codes that strangers are shown: the same for one person, of one form, and read as typed."""

from hypothesis import given
from hypothesis import strategies as st

from agent_host.linking.code import CodeForm, read_code
from agent_host.pairing.code import code_of
from agent_host.pairing.record import pairing_id
from agent_host.types import ChannelIdentity

parts = st.text(st.characters(), max_size=4)
identities = st.builds(ChannelIdentity, channel=parts, account=parts, native_id=parts, tenant=parts)
secrets = st.binary(min_size=32, max_size=32)


@given(identities, identities, secrets, st.integers(min_value=0, max_value=2**40))
def test_a_code_is_of_one_person_and_one_time(
    one: ChannelIdentity, other: ChannelIdentity, secret: bytes, period: int
) -> None:
    code = code_of(one, secret=secret, period=period)
    assert code == code_of(one, secret=secret, period=period)
    assert code != code_of(one, secret=secret, period=period + 1)
    assert code != code_of(one, secret=bytes(32), period=period) or secret == bytes(32)
    assert (code == code_of(other, secret=secret, period=period)) == (one == other)
    assert (pairing_id(one) == pairing_id(other)) == (one == other)


@given(
    identities, secrets, st.sampled_from([str.lower, str.upper]), st.sampled_from(["-", " ", ""])
)
def test_a_code_is_read_however_it_is_typed(
    identity: ChannelIdentity, secret: bytes, case: object, between: str
) -> None:
    code = code_of(identity, secret=secret, period=1)
    typed = str(case(code)).replace("-", between)  # type: ignore[operator]
    assert read_code(f" {typed} ", CodeForm.SHORT) == code.replace("-", "")


@given(st.text(max_size=80))
def test_whatever_is_typed_is_a_code_or_none(typed: str) -> None:
    found = read_code(typed, CodeForm.SHORT)
    assert found is None or len(found) == CodeForm.SHORT.length
