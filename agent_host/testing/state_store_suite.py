"""What every `StateStore` owes, as tests.

For a store of your own:

    class TestMyStore(StateStoreSuite):
        @pytest.fixture
        def factory(self) -> StoreFactory:
            return lambda clock, folder: MyStateStore(folder, clock=clock)

The store must take its time from the clock it is given.
"""

from agent_host.testing.store_lease_suite import LeaseSuite
from agent_host.testing.store_model import ModelSuite
from agent_host.testing.store_record_suite import RecordSuite
from agent_host.testing.store_stream_suite import StreamSuite


class StateStoreSuite(RecordSuite, StreamSuite, LeaseSuite, ModelSuite):
    """The whole contract. Override the `factory` fixture."""


__all__ = ["StateStoreSuite"]
