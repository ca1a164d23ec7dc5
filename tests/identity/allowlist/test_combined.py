"""Several lists as one: what they say together, for every mixture."""

from hypothesis import given
from hypothesis import strategies as st

from agent_host.identity.allowlist.combined import AllOf, AnyOf
from agent_host.identity.allowlist.everybody import AllowAll
from agent_host.types.visitor import Verdict
from tests.identity.visiting import Saying, visitor

verdicts = st.lists(st.sampled_from(list(Verdict)), max_size=5)


@given(verdicts)
async def test_one_that_allows_is_enough_for_any_of(said: list[Verdict]) -> None:
    found = await AnyOf(*map(Saying, said)).judge(visitor())

    if Verdict.ALLOW in said:
        assert found is Verdict.ALLOW
    elif Verdict.ABSTAIN in said:
        assert found is Verdict.ABSTAIN
    else:
        assert found is Verdict.DENY


@given(verdicts)
async def test_all_of_allows_only_where_every_one_does(said: list[Verdict]) -> None:
    found = await AllOf(*map(Saying, said)).judge(visitor())

    if not said or Verdict.DENY in said:
        assert found is Verdict.DENY
    elif Verdict.ABSTAIN in said:
        assert found is Verdict.ABSTAIN
    else:
        assert found is Verdict.ALLOW


async def test_nobody_is_asked_once_it_is_decided() -> None:
    for kind, decides in ((AnyOf, Verdict.ALLOW), (AllOf, Verdict.DENY)):
        last = Saying(Verdict.ABSTAIN)
        await kind(Saying(decides), last).judge(visitor())
        assert last.asked == 0


async def test_everybody_is_on_the_list_of_all() -> None:
    assert await AllowAll().judge(visitor()) is Verdict.ALLOW
    assert AllowAll().parts == ()
