"""What counts as a credential, and that no header can break the reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.authentication.credential import LIMIT_BYTES, read_credential
from agent_host.errors import InvalidProofError, RequestError, UnauthenticatedError

AUTHORIZATION = b"authorization"


@pytest.mark.parametrize(
    "header",
    [
        (AUTHORIZATION, b"Bearer ah_a_b"),
        (AUTHORIZATION, b"bearer ah_a_b"),
        (AUTHORIZATION, b"BEARER   ah_a_b "),
        (b"x-api-key", b"ah_a_b"),
        (b"x-api-key", b" ah_a_b\t"),
    ],
)
def test_both_headers_are_taken(header: tuple[bytes, bytes]) -> None:
    assert read_credential([(b"accept", b"*/*"), header]) == "ah_a_b"


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"accept", b"Bearer a")],
        [(AUTHORIZATION, b"Basic YTpi")],
        [(AUTHORIZATION, b"Bearer")],
        [(AUTHORIZATION, b"")],
        [(b"cookie", b"authorization=Bearer a")],
    ],
)
def test_without_a_credential_that_is_what_is_said(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(UnauthenticatedError) as refused:
        read_credential(headers)

    assert not isinstance(refused.value, InvalidProofError)


@pytest.mark.parametrize(
    "value",
    [
        b"Bearer ",
        b"Bearer a b",
        b"Bearer a,b",
        b"Bearer \xff",
        b"Bearer a\x00",
        b"Bearer a=b",
        b"Bearer " + b"a" * (LIMIT_BYTES + 1),
    ],
)
def test_what_no_credential_can_be_is_refused(value: bytes) -> None:
    with pytest.raises(InvalidProofError):
        read_credential([(AUTHORIZATION, value)])


@pytest.mark.parametrize(
    "headers",
    [
        [(AUTHORIZATION, b"Bearer a"), (b"x-api-key", b"b")],
        [(AUTHORIZATION, b"Bearer a"), (AUTHORIZATION, b"Bearer a")],
    ],
)
def test_two_credentials_are_one_too_many(headers: list[tuple[bytes, bytes]]) -> None:
    with pytest.raises(RequestError):
        read_credential(headers)


NAMES = st.sampled_from([AUTHORIZATION, b"x-api-key", b"cookie"])
VALUES = st.binary() | st.binary().map(lambda value: b"Bearer " + value)


@given(st.lists(st.tuples(NAMES, VALUES), max_size=4))
def test_any_headers_give_a_credential_or_a_refusal(headers: list[tuple[bytes, bytes]]) -> None:
    try:
        credential = read_credential(headers)
    except (UnauthenticatedError, RequestError):
        return
    assert credential
    assert credential.isascii()
