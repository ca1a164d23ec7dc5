"""A person in a chat, inside a caller's partition: never another one's."""

from hypothesis import given
from hypothesis import strategies as st

from agent_host.types import IsolationKey, IsolationKeys, Owner

# Few and confusable characters, so that joined parts often read the same.
parts = st.text(alphabet="a1:.|\0é\ud800", max_size=4)
keys = st.builds(IsolationKeys, user=st.none() | parts, chat=st.none() | parts)


@given(first=st.tuples(parts, keys), second=st.tuples(parts, keys))
def test_two_share_a_partition_only_if_they_are_equal(
    first: tuple[str, IsolationKeys], second: tuple[str, IsolationKeys]
) -> None:
    one, other = (keys.within(IsolationKey(key)) for key, keys in (first, second))
    assert (one == other) == (first == second)


@given(key=parts, keys=keys)
def test_nobody_is_in_the_callers_own_partition(key: str, keys: IsolationKeys) -> None:
    within = keys.within(IsolationKey(key))
    assert within != key
    assert keys.within(within) != within


def test_the_names_of_stored_partitions_stay() -> None:
    keys = IsolationKeys(user="u", chat="c")
    assert keys.within(IsolationKey("iso_a")) == "iso_5e80e74d4bed4bfb9857c596a482de7846118d98"


@given(first=st.tuples(parts, parts), second=st.tuples(parts, parts))
def test_two_owners_share_a_partition_only_if_they_are_equal(
    first: tuple[str, str], second: tuple[str, str]
) -> None:
    one, other = (
        Owner(tenant=tenant, isolation_key=IsolationKey(key)).partition
        for tenant, key in (first, second)
    )
    assert (one == other) == (first == second)
