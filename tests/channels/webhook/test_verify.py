"""Signatures: what senders' own libraries make is taken, and nothing else is."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from standardwebhooks.webhooks import Webhook

from agent_host.errors import UnauthenticatedError
from agent_host_webhook import EndpointConfig
from agent_host_webhook.verify import Proof, verify

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
PLAIN = "a secret of some length"
BODY = '{"id":"evt_1","text":"häi"}'.encode()


def endpoint(scheme: str, *secrets: str, **fields: Any) -> EndpointConfig:
    """An endpoint of one scheme."""
    if scheme in {"hmac", "bearer"}:
        fields.setdefault("same_body_is_same_event", True)
    return EndpointConfig(
        name="main",
        scheme=scheme,  # type: ignore[arg-type]
        secrets=tuple(SecretStr(secret) for secret in secrets or (PLAIN,)),
        **fields,
    )


def digest(*parts: bytes, key: str = PLAIN) -> str:
    """HMAC-SHA256 in hex, of parts with dots between them."""
    return hmac.digest(key.encode(), b".".join(parts), "sha256").hex()


def standard(at: datetime = NOW, *, secret: str = WHSEC, event_id: str = "msg_1") -> dict[str, str]:
    """What the official library sends."""
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, at, BODY.decode()),
    }


def github() -> dict[str, str]:
    """What GitHub sends."""
    return {"x-hub-signature-256": f"sha256={digest(BODY)}", "x-github-delivery": "d-1"}


def stripe(at: datetime = NOW) -> dict[str, str]:
    """What Stripe sends, with a signature of an older scheme beside."""
    seconds = str(int(at.timestamp()))
    return {"stripe-signature": f"t={seconds},v0=abc,v1={digest(seconds.encode(), BODY)}"}


SENT: dict[str, tuple[EndpointConfig, Callable[[], dict[str, str]]]] = {
    "standard": (endpoint("standard", WHSEC), standard),
    "github": (endpoint("github"), github),
    "stripe": (endpoint("stripe"), stripe),
    "hmac": (
        endpoint("hmac", hmac={"header": "X-Signature", "prefix": "sha256="}),
        lambda: {"x-signature": f"sha256={digest(BODY)}"},
    ),
    "bearer": (endpoint("bearer"), lambda: {"authorization": f"bearer {PLAIN}"}),
}
SCHEMES = pytest.mark.parametrize("scheme", SENT)


@SCHEMES
def test_what_a_sender_sends_is_taken(scheme: str) -> None:
    config, headers = SENT[scheme]
    event_id = "msg_1" if scheme == "standard" else None
    assert verify(config, BODY, headers(), now=NOW) == Proof(event_id=event_id)


@SCHEMES
def test_what_nobody_signed_is_not(scheme: str) -> None:
    config, _ = SENT[scheme]
    with pytest.raises(UnauthenticatedError):
        verify(config, BODY, {}, now=NOW)


@SCHEMES
def test_a_body_that_was_changed_is_not(scheme: str) -> None:
    if scheme == "bearer":
        pytest.skip("nothing is signed")
    config, headers = SENT[scheme]
    with pytest.raises(UnauthenticatedError):
        verify(config, BODY + b" ", headers(), now=NOW)


@SCHEMES
def test_either_of_two_secrets_will_do_and_no_third(scheme: str) -> None:
    config, headers = SENT[scheme]
    others = (SecretStr(OTHER), SecretStr("another secret of length"))
    rotating = config.model_copy(update={"secrets": (others[0], *config.secrets)})
    verify(rotating, BODY, headers(), now=NOW)

    with pytest.raises(UnauthenticatedError):
        verify(config.model_copy(update={"secrets": others}), BODY, headers(), now=NOW)


@pytest.mark.parametrize("make", [standard, stripe])
@pytest.mark.parametrize("off", [timedelta(minutes=6), -timedelta(minutes=6)])
def test_an_old_signature_and_one_of_the_future_are_not(
    make: Callable[[datetime], dict[str, str]], off: timedelta
) -> None:
    config = SENT[make.__name__][0]
    verify(config, BODY, make(NOW + off * (4 / 6)), now=NOW)
    with pytest.raises(UnauthenticatedError):
        verify(config, BODY, make(NOW + off), now=NOW)


def test_an_id_that_was_not_signed_is_not_taken() -> None:
    config, _ = SENT["standard"]
    with pytest.raises(UnauthenticatedError):
        verify(config, BODY, {**standard(), "webhook-id": "msg_2"}, now=NOW)


def test_a_later_signature_among_several_is_found() -> None:
    config, _ = SENT["standard"]
    headers = standard()
    headers["webhook-signature"] = f"v1a,abc v1,AAAA {headers['webhook-signature']}"
    verify(config, BODY, headers, now=NOW)


def test_a_flood_of_signatures_is_cut_off() -> None:
    config, _ = SENT["standard"]
    headers = standard()
    headers["webhook-signature"] = "v1,AAAA " * 16 + headers["webhook-signature"]
    with pytest.raises(UnauthenticatedError):
        verify(config, BODY, headers, now=NOW)


def test_two_times_prove_nothing() -> None:
    config, _ = SENT["stripe"]
    sent = stripe()["stripe-signature"]
    with pytest.raises(UnauthenticatedError):
        verify(config, BODY, {"stripe-signature": f"t=1,{sent}"}, now=NOW)


def test_an_hmac_is_made_as_configured() -> None:
    how = {
        "header": "X-Sign",
        "encoding": "base64",
        "algorithm": "sha512",
        "timestamp_header": "X-Time",
    }
    config = endpoint("hmac", hmac=how)
    seconds = str(int(NOW.timestamp()))
    made = hmac.new(PLAIN.encode(), seconds.encode() + b"." + BODY, hashlib.sha512).digest()
    headers = {"x-sign": base64.b64encode(made).decode(), "x-time": seconds}
    verify(config, BODY, headers, now=NOW)
    with pytest.raises(UnauthenticatedError):
        verify(config, BODY, headers, now=NOW + timedelta(minutes=6))
    with pytest.raises(UnauthenticatedError):
        verify(config, BODY, {"x-sign": headers["x-sign"]}, now=NOW)


@pytest.mark.parametrize("length", [24, 25, 26, 64])
def test_a_secret_without_padding_is_read_as_the_library_reads_it(length: int) -> None:
    secret = "whsec_" + base64.b64encode(bytes(range(length))).decode().rstrip("=")
    config = endpoint("standard", secret)
    assert verify(config, BODY, standard(secret=secret), now=NOW) == Proof(event_id="msg_1")


def test_the_tolerance_is_the_endpoints_and_the_time_the_hosts() -> None:
    """Not those of the library, which has its own of both."""
    config = endpoint("standard", WHSEC, tolerance=timedelta(hours=1))
    verify(config, BODY, standard(NOW - timedelta(minutes=59)), now=NOW)
    with pytest.raises(UnauthenticatedError):
        verify(config, BODY, standard(NOW - timedelta(minutes=61)), now=NOW)


def test_a_body_that_is_no_text_is_signed_by_nobody() -> None:
    headers = standard()
    with pytest.raises(UnauthenticatedError):
        verify(SENT["standard"][0], b"\xff" + BODY, headers, now=NOW)


def test_a_secret_that_only_looks_like_base64_is_its_own_bytes() -> None:
    secret = "whsec_this is no base64"
    config = endpoint("standard", secret)
    seconds = str(int(NOW.timestamp()))
    made = hmac.digest(secret.encode(), b"m." + seconds.encode() + b"." + BODY, "sha256")
    headers = {
        "webhook-id": "m",
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
    }
    assert verify(config, BODY, headers, now=NOW) == Proof(event_id="m")


@pytest.mark.parametrize(
    "fields",
    [
        {"scheme": "hmac"},
        {"scheme": "standard", "hmac": {"header": "x"}},
        {"scheme": "hmac", "hmac": {"header": "x"}},
        {"scheme": "bearer"},
        {"scheme": "standard", "secrets": ()},
        {"scheme": "standard", "secrets": (SecretStr("short"),)},
        {"scheme": "standard", "mapping": {"text": "a ||"}},
        {"scheme": "standard", "name": "../x"},
    ],
)
def test_an_endpoint_that_cannot_be_safe_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        EndpointConfig.model_validate({"name": "main", "secrets": (SecretStr(PLAIN),), **fields})


@SCHEMES
@given(
    body=st.binary(max_size=64),
    values=st.dictionaries(
        st.sampled_from(
            [
                "webhook-id",
                "webhook-timestamp",
                "webhook-signature",
                "x-hub-signature-256",
                "stripe-signature",
                "x-signature",
                "authorization",
            ]
        ),
        st.one_of(
            st.text(max_size=40),
            st.sampled_from(["v1,", "t=1,v1=", "sha256=", "Bearer ", "1793534400"]),
        ),
    ),
)
def test_whatever_else_is_sent_is_refused(scheme: str, body: bytes, values: dict[str, str]) -> None:
    with pytest.raises(UnauthenticatedError):
        verify(SENT[scheme][0], body, values, now=NOW)
