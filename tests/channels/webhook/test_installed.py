"""Without the package of the standard the channel says what to install, and does so at once."""

import sys

import pytest

from agent_host.errors import MissingExtraError
from agent_host_webhook import WebhookChannel, WebhookConfig


def test_a_channel_that_cannot_sign_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "standardwebhooks.webhooks", None)
    with pytest.raises(MissingExtraError, match=r"agent-host-server\[webhook\]"):
        WebhookChannel(WebhookConfig(subscriptions=True))
