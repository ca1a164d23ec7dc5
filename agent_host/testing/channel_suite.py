"""What every `Channel` owes, as tests.

For a channel of your own, in a package called `agent_host_<name>`:

    class TestMyChannel(ChannelSuite):
        @pytest.fixture
        def channel_type(self) -> type:
            return MyChannel

        @pytest.fixture
        def driver(self) -> ChannelDriver:
            return MyDriver()
"""

from agent_host.testing.channel_access_suite import ChannelAccessSuite
from agent_host.testing.channel_body_suite import ChannelBodySuite
from agent_host.testing.channel_form_suite import ChannelFormSuite
from agent_host.testing.channel_people_suite import ChannelPeopleSuite
from agent_host.testing.channel_talk_suite import ChannelTalkSuite


class ChannelSuite(
    ChannelFormSuite,
    ChannelAccessSuite,
    ChannelPeopleSuite,
    ChannelBodySuite,
    ChannelTalkSuite,
):
    """The whole contract. Override the `channel_type` and `driver` fixtures."""


__all__ = ["ChannelSuite"]
