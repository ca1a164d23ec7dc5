"""The host that `make run` starts."""

from collections.abc import Iterator

import pytest

from tests.docs.served import served


@pytest.fixture(scope="module")
def default_host() -> Iterator[str]:
    """Its URL."""
    with served() as url:
        yield url
