"""What binds a sign-in to a browser: tickets, references, and what is derived from a secret."""

from hypothesis import given
from hypothesis import strategies as st

from agent_host.linking.party_record import plain, shown
from agent_host.linking.web.browser import (
    Derived,
    Reference,
    challenge_of,
    digest_of,
    is_same,
    new_secret,
    new_ticket,
    read_reference,
    read_ticket,
    reference_in,
)
from agent_host.types import ChannelIdentity

TENANTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TENANTS)
def test_a_ticket_leads_to_one_sign_in_of_its_tenant(tenant: str) -> None:
    ticket = new_ticket(tenant)
    reference = read_ticket(ticket)
    assert reference is not None
    assert reference.tenant == tenant
    assert read_reference(str(reference)) == reference
    assert read_ticket(str(reference)) is None  # what is in addresses opens nothing
    assert read_ticket(new_ticket(tenant)) != reference


@given(st.text(max_size=200))
def test_any_text_is_a_reference_a_ticket_or_none(text: str) -> None:
    for read in (read_reference, read_ticket, reference_in):
        found = read(text)
        assert found is None or isinstance(found, Reference)
    found = read_reference(text)
    assert found is None or str(found) == text


def test_a_tenant_has_one_way_to_be_written_and_no_more_than_its_length() -> None:
    name = "0" * 64
    assert read_reference(f"YQ.{name}") == Reference(tenant="a", name=name)
    assert read_reference(f"YR.{name}") is None  # the same bits but for those that do not count
    assert read_reference(f"_w.{name}") is None  # no UTF-8
    assert read_ticket(new_ticket("x" * 513)) is None


@given(TENANTS, TENANTS)
def test_what_is_derived_fits_one_sign_in_and_one_browser(one: str, other: str) -> None:
    secret, reference = new_secret(), Reference(tenant=one, name="0" * 64)
    derived = Derived(secret, reference)
    assert derived.is_state(derived.state)
    assert derived.is_form_token(derived.form_token)
    assert reference_in(derived.state) == reference
    elsewhere = Derived(secret, Reference(tenant=other, name="1" * 64))
    stranger = Derived(new_secret(), reference)
    for foreign in (elsewhere, stranger):
        assert not foreign.is_state(derived.state)
        assert not foreign.is_form_token(derived.form_token)
        assert foreign.verifier != derived.verifier
        assert foreign.nonce != derived.nonce
    assert len({derived.nonce, derived.verifier, derived.form_token}) == 3
    assert len(derived.verifier) == 43


def test_a_browser_is_known_by_a_hash_of_its_secret() -> None:
    secret = new_secret()
    assert is_same(secret, digest_of(secret))
    assert not is_same(new_secret(), digest_of(secret))
    assert not is_same("", "")
    assert not is_same("\ud800", digest_of(secret))
    assert secret not in digest_of(secret)


def test_the_challenge_is_that_of_the_specification() -> None:
    """RFC 7636, appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@given(st.text(max_size=200))
def test_what_others_say_is_one_line_of_what_can_be_seen(text: str) -> None:
    assert plain(text).isprintable()
    assert len(plain(text)) <= 80


def test_an_identity_is_shown_so_that_its_owner_knows_it_and_nobody_can_call_it() -> None:
    number = ChannelIdentity(channel="whatsapp", account="shop", native_id="+491701234567")
    assert shown(number) == "whatsapp (shop), id …4567"
    short = ChannelIdentity(channel="telegram", account="default", native_id="12345678")
    assert shown(short) == "telegram, id …"
    caller = ChannelIdentity(channel="@api_key", account="", native_id="laptop-7733")
    assert shown(caller) == "api_key, id …7733"
