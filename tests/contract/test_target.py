"""What every installed adapter makes keeps the contract of `Target`."""

from importlib.metadata import entry_points
from typing import cast

import pytest

from agent_host.protocols.target import TargetAdapter
from agent_host.registry import ADAPTERS, load_adapters
from agent_host.testing.target_fixture import TargetSample, repeat
from agent_host.testing.target_suite import TargetSuite
from agent_host.workflows import Workflow
from tests.contract.target_samples import adapter_names, samples_of

SAMPLES = [(adapter, what) for adapter in adapter_names() for what in samples_of(adapter)]


class TestTarget(TargetSuite):
    @pytest.fixture(params=SAMPLES, ids="-".join)
    def sample(self, request: pytest.FixtureRequest) -> TargetSample:
        adapter, what = cast("tuple[str, str]", request.param)
        return samples_of(adapter)[what]


@pytest.mark.parametrize(("adapter", "what"), SAMPLES)
def test_each_sample_is_taken_by_its_own_adapter_first(adapter: str, what: str) -> None:
    made = samples_of(adapter)[what](repeat)
    if isinstance(made, Workflow):  # a target already
        return
    takers = [taker for taker in load_adapters() if taker.matches(made)]
    assert type(takers[0]) is type(_adapter(adapter))


@pytest.mark.parametrize("adapter", adapter_names())
def test_an_adapter_says_what_it_takes_and_takes_nothing_else(adapter: str) -> None:
    made = _adapter(adapter)
    assert made.supports
    assert "\n" not in made.supports
    assert not any(made.matches(candidate) for candidate in (None, 7, "text", object()))


def _adapter(name: str) -> TargetAdapter:
    (found,) = entry_points(group=ADAPTERS, name=name)
    return cast("type[TargetAdapter]", found.load())()
