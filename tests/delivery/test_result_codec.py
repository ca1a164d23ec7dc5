"""A result on its way to a channel of an app's own comes back as it was, or is refused at once."""

import math
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_host.delivery.result_codec import ResultCodec
from agent_host.types import HostedResult, Message, Owner, Run, RunResult, RunStatus
from agent_host.types.identifier import IsolationKey, RunId
from agent_host.types.part import DataPart
from agent_host.types.question import Question
from agent_host.types.result import Artifact
from tests.test_codec import json_objects, nested, results, texts

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
CODEC = ResultCodec()
RUN = Run(
    id=RunId("run_1"),
    owner=Owner(tenant="t", isolation_key=IsolationKey("iso_1")),
    status=RunStatus.COMPLETED,
    created_at=NOW,
    updated_at=NOW,
    channel="rest",
)
questions = st.lists(
    st.builds(Question, prompt=texts, schema=st.none() | json_objects, metadata=json_objects),
    max_size=1,
).map(tuple)
runs = st.builds(replace, st.just(RUN), questions=questions, metadata=json_objects)


@given(
    st.builds(HostedResult, run=runs, result=st.none() | results, replayed=st.booleans()),
)
def test_it_comes_back(hosted: HostedResult) -> None:
    assert CODEC.decode(CODEC.encode(hosted), CODEC.version) == hosted


def _said(data: object) -> RunResult:
    part = DataPart(data=data)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    return RunResult(messages=(Message(role="assistant", parts=(part,)),))


@pytest.mark.parametrize(
    "hosted",
    [
        HostedResult(run=replace(RUN, metadata={"a": math.inf})),
        HostedResult(run=replace(RUN, questions=(Question(prompt="?", schema={"a": math.inf}),))),
        HostedResult(run=RUN, result=_said(math.inf)),
        HostedResult(run=RUN, result=RunResult(value=math.inf)),
        HostedResult(run=RUN, result=RunResult(outputs={"a": math.inf})),
        HostedResult(run=RUN, result=RunResult(metadata={"a": math.inf})),
        HostedResult(
            run=RUN,
            result=RunResult(artifacts=(Artifact(id="a", parts=(), metadata={"a": math.inf}),)),
        ),
        HostedResult(
            run=RUN,
            result=RunResult(
                messages=(Message(role="assistant", parts=(), metadata={"a": math.inf}),)
            ),
        ),
    ],
)
def test_numbers_that_are_no_numbers_come_back(hosted: HostedResult) -> None:
    assert CODEC.decode(CODEC.encode(hosted), CODEC.version) == hosted


def test_what_could_not_be_read_again_is_refused_when_written() -> None:
    with pytest.raises(ValueError, match="deep"):
        CODEC.encode(HostedResult(run=RUN, result=_said(nested(210))))
