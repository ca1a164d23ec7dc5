"""What a turn says, however much of the conversation came with it."""

import pytest

from agent_host.types import IsolationKey, Message, Owner, Principal, RunId, Turn
from agent_host.types.message import Role


def turn_of(*said: tuple[Role, str]) -> Turn:
    messages = tuple(Message(role=role, parts=Message.user(text).parts) for role, text in said)
    return Turn(
        run_id=RunId("run_1"),
        messages=messages,
        input=messages,
        principal=Principal(id="ada", kind="token"),
        owner=Owner(tenant="default", isolation_key=IsolationKey("iso_1")),
    )


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ([("user", "hi")], "hi"),
        ([("user", "one"), ("user", "two")], "one\ntwo"),
        ([("system", "Be kind."), ("user", "hi")], "hi"),
        ([("user", "one"), ("assistant", "yes"), ("user", "two")], "two"),
        ([("user", "one"), ("assistant", "calls"), ("tool", "3"), ("user", "two")], "two"),
        ([("system", "Be kind."), ("user", "one"), ("system", "Be brief.")], "one"),
        ([("user", "one"), ("assistant", "and")], "one\nand"),
        ([("system", "Be kind.")], "Be kind."),
    ],
)
def test_it_is_what_follows_the_agents_last_words(said: list[tuple[Role, str]], text: str) -> None:
    assert turn_of(*said).text == text
