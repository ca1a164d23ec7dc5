"""Channels and secrets: what fits together, and what others could read or guess."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from agent_host.doctor import channel
from agent_host.doctor.channel import check_channels
from agent_host.doctor.secret import check_secrets
from agent_host_rest import RestChannel, RestConfig
from tests.doctor.case import always, said, situation

LONG = "a-long-and-random-secret"


class HookConfig(BaseModel):
    """A channel's config with a secret."""

    signing_secret: SecretStr


def test_the_default_channels_fit() -> None:
    assert said(check_channels(situation())).startswith("ok: Mounted: rest.")


@pytest.mark.parametrize(
    ("second", "text"),
    [
        (RestConfig(path_prefix="/b"), "Two channels are called 'rest'"),
        (RestConfig(name="other"), "is wanted twice"),
    ],
)
def test_doubled_names_and_paths_are_a_problem(
    monkeypatch: pytest.MonkeyPatch, second: RestConfig, text: str
) -> None:
    monkeypatch.setattr(channel, "load_channel", always(RestChannel))
    mounted = {"rest": RestConfig(), "other": second}
    lines = said(check_channels(situation(channels=mounted)))
    assert lines.startswith("problem")
    assert text in lines


def test_a_host_without_a_channel_is_worth_a_word() -> None:
    assert said(check_channels(situation(channels={}))).startswith("warning: No channel")


def hooked(secret: str, **more: Any) -> str:
    mounted = {"hook": HookConfig(signing_secret=SecretStr(secret))}
    return said(check_secrets(situation(channels=mounted, **more)))


def test_secrets_are_long_and_never_shown() -> None:
    assert hooked(LONG).startswith("ok: 1 secrets are set")
    weak = hooked("short-one")
    assert weak.startswith("warning: The secret `channels.hook.signing_secret`")
    assert "AGENT_HOST_CHANNELS__HOOK__SIGNING_SECRET" in weak
    assert "short-one" not in weak


def test_a_file_with_secrets_is_its_owners_alone(folder: Path) -> None:
    file = folder / "agent-host.toml"
    file.write_text("")
    of_file = {("channels", "hook", "signing_secret"): str(file)}
    file.chmod(0o644)
    exposed = hooked(LONG, file=file, origins=of_file)
    assert exposed.startswith("problem")
    assert f"chmod 600 {file}" in exposed
    assert hooked(LONG, file=file, origins={}).startswith("ok")
    file.chmod(0o600)
    assert hooked(LONG, file=file, origins=of_file).startswith("ok")


def test_a_store_url_with_a_password_is_a_secret_too(folder: Path) -> None:
    file = folder / "agent-host.toml"
    file.write_text("")
    file.chmod(0o644)
    store = {"store": "redis://me:pass@there", "origins": {("store",): str(file)}, "file": file}
    lines = hooked(LONG, **store)
    assert lines.startswith("problem")
    assert "pass@" not in lines
