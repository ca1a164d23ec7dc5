"""A caller as one of the two that are linked."""

import pytest

from agent_host.errors import LinkRefusedError
from agent_host.host.pipeline.exchange import Exchange
from agent_host.host.pipeline.party import party_of
from agent_host.types import Caller, IsolationKey, IsolationKeys, Principal
from agent_host.types.identity import LinkParty, identity_of
from tests.host.linked import ROOM, person
from tests.identity.people import party

ANN = Principal(id="ann", kind="token")


def _exchange(caller: Caller, **known: object) -> Exchange:
    key = party("a").natural_key
    return Exchange(caller=caller, principal=ANN, natural_key=key, **known)  # type: ignore[arg-type]


def test_somebody_in_a_chat_is_their_identity_and_a_caller_is_their_principal() -> None:
    assert party_of(_exchange(person("a"))) == party("a")
    expected = LinkParty(identity=identity_of(ANN), natural_key=party("a").natural_key)
    assert party_of(_exchange(Caller(channel="rest"))) == expected


def test_a_key_that_the_verifier_knows_is_part_of_who_a_caller_is() -> None:
    other = Principal(id="ann", kind="token", isolation_key=IsolationKey("iso_other"))
    assert identity_of(other) != identity_of(ANN)


def test_nobody_is_linked_in_a_room_or_through_a_platform_that_speaks_for_many() -> None:
    for exchange, reason in (
        (_exchange(person("a", room=ROOM)), "in_room"),
        (_exchange(Caller(channel="rest"), isolation=IsolationKeys(user="u")), "for_many"),
    ):
        with pytest.raises(LinkRefusedError) as caught:
            party_of(exchange)
        assert caught.value.reason_code == reason
