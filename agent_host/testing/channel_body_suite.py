"""What a channel makes of bodies that are too large or make no sense: refusals, no failures."""

from collections.abc import AsyncIterator
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agent_host.app import BODY_LIMIT_BYTES
from agent_host.testing.channel_access_suite import CLIENT_ERRORS, perform
from agent_host.testing.channel_driver import WEBSOCKET, ChannelDriver, SampleRequest
from agent_host.testing.channel_fixture import ChannelFixture, Served, recall

SERVER_ERROR: Final = 500

_CHUNK_BYTES: Final = 65_536
_NONSENSE: Final = (
    st.binary(max_size=200)
    | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
    | st.sampled_from([b"[]", b"null", b'"text"', b"{", b"\xff\xfe", b"0" * 5000, b"[" * 5000])
)


class ChannelBodySuite(ChannelFixture):
    """Sends what no client should."""

    @pytest.fixture
    async def served(self, driver: ChannelDriver) -> AsyncIterator[Served]:
        async with self.serving(recall, driver) as served:
            yield served

    async def test_an_oversized_body_is_refused(
        self, driver: ChannelDriver, served: Served
    ) -> None:
        """Whether it announces its size or not."""
        limit = self._largest_limit(driver)
        for sample in with_body(driver):
            headers = driver.headers(sample.body, person="alice")
            for content in (b"x" * (limit + 1), endless(limit + 1)):
                response = await served.client.request(
                    sample.method, sample.path, content=content, headers=headers
                )
                assert response.status_code in CLIENT_ERRORS, sample

    @settings(
        max_examples=60,
        deadline=None,
        phases=[Phase.reuse, Phase.generate, Phase.shrink],
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.differing_executors,
        ],
    )
    @given(data=st.data())
    async def test_a_body_that_makes_no_sense_is_no_failure(
        self, driver: ChannelDriver, served: Served, data: st.DataObject
    ) -> None:
        samples = with_body(driver)
        if not samples:
            return
        sample = data.draw(st.sampled_from(samples))
        body = data.draw(_NONSENSE | damaged(sample.body))
        bad = SampleRequest(method=sample.method, path=sample.path, body=body)
        status, _ = await perform(served, driver, bad)
        assert status < SERVER_ERROR
        answer = await driver.ask(served.client, "still here", person="bob", session="one")
        assert not answer.failed

    def _largest_limit(self, driver: ChannelDriver) -> int:
        routes = driver.make_channel().routes(self.make_host(recall, driver).context)
        return max(
            BODY_LIMIT_BYTES if route.body_limit_bytes is None else route.body_limit_bytes
            for route in routes
        )


def with_body(driver: ChannelDriver) -> list[SampleRequest]:
    """The samples that have one and are sent over HTTP."""
    return [sample for sample in driver.samples if sample.body and sample.method != WEBSOCKET]


def damaged(body: bytes) -> st.SearchStrategy[bytes]:
    """The body with some of it replaced."""

    def replace(start: int, end: int, between: bytes) -> bytes:
        return body[:start] + between + body[end:]

    place = st.integers(0, len(body))
    return st.builds(replace, place, place, st.binary(max_size=8))


async def endless(size_bytes: int) -> AsyncIterator[bytes]:
    """A body that does not announce its size."""
    for _ in range(0, size_bytes, _CHUNK_BYTES):
        yield b"x" * _CHUNK_BYTES


__all__ = ["ChannelBodySuite", "damaged", "endless", "with_body"]
