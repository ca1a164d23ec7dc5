"""What every `TaskRunner` owes, as tests.

For a runner of your own, over a store that has a factory:

    class TestMyRunner(TaskRunnerSuite):
        @pytest.fixture
        def factory(self) -> StoreFactory: ...

        @pytest.fixture
        def make_runner(self) -> RunnerFactory:
            return lambda store, clock: MyTaskRunner(store, clock=clock)

The runner must take its time from the clock it is given.
"""

from agent_host.testing.task_attempt_suite import AttemptSuite
from agent_host.testing.task_begin_suite import BeginSuite
from agent_host.testing.task_clock_suite import ClockSuite
from agent_host.testing.task_erase_suite import EraseSuite
from agent_host.testing.task_lane_suite import LaneSuite
from agent_host.testing.task_operator_suite import OperatorSuite
from agent_host.testing.task_schedule_suite import ScheduleSuite
from agent_host.testing.task_write_suite import WriteSuite


class TaskRunnerSuite(
    ScheduleSuite,
    AttemptSuite,
    LaneSuite,
    OperatorSuite,
    ClockSuite,
    EraseSuite,
    WriteSuite,
    BeginSuite,
):
    """The whole contract. Override the fixtures `factory` and `make_runner`."""


__all__ = ["TaskRunnerSuite"]
