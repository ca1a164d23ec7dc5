"""Which payloads are about somebody."""

import json
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from agent_host.host.erasure.task import names_one
from agent_host.types import IsolationKey, Owner

ALICE = Owner(tenant="t", isolation_key=IsolationKey("a"))
OWNER = {"tenant": "t", "isolation_key": "a"}

values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.sampled_from(["t", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["tenant", "isolation_key", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(values, st.lists(st.sampled_from(["x", 0]), max_size=5))
def test_an_owner_is_found_at_any_depth(value: object, path: list[str | int]) -> None:
    nested: object = {**OWNER, "besides": value}
    for step in path:
        nested = {"x": nested, "y": value} if step == "x" else [nested, value]
    assert names_one(json.dumps(nested).encode(), [ALICE])


def has_owner(value: object) -> bool:
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        named = (fields.get("tenant"), fields.get("isolation_key")) == ("t", "a")
        return named or any(has_owner(item) for item in fields.values())
    return isinstance(value, list) and any(map(has_owner, cast("list[object]", value)))


@given(values)
def test_only_an_owner_is_taken_for_one(value: object) -> None:
    assert names_one(json.dumps(value).encode(), [ALICE]) == has_owner(value)


@given(st.binary(max_size=40))
def test_what_is_no_json_is_about_nobody(payload: bytes) -> None:
    assert not names_one(payload, [ALICE])
    assert not names_one(payload + b'"isolation_key"', [ALICE])
