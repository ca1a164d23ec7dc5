"""The settings as values."""

import dataclasses

import pytest
from pydantic import BaseModel, ValidationError

from agent_host.agents.markdown import FOLDER_VARIABLE
from agent_host.asgi.edge_policy import EdgePolicy
from agent_host.asgi.request_limit import RequestLimits
from agent_host.settings import (
    ChannelSettings,
    LimitSettings,
    RunSettings,
    ServerSettings,
    SessionSettings,
    Settings,
)
from agent_host.settings.source import OTHER_VARIABLES
from agent_host.types.run_policy import RunPolicy
from agent_host.types.session import SessionMode, SessionPolicy


def test_the_defaults_are_a_host_on_loopback_with_three_channels() -> None:
    settings = Settings()
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8080)
    assert settings.store == "disk://.agent-host"
    assert list(settings.channels) == ["rest", "a2a", "openai"]
    assert settings.session.mode is SessionMode.AUTO


def test_run_and_session_settings_are_the_engines_policies() -> None:
    assert RunSettings().to_policy() == RunPolicy()
    assert SessionSettings().to_policy() == SessionPolicy()
    run = {field.name for field in dataclasses.fields(RunPolicy)}
    session = {field.name for field in dataclasses.fields(SessionPolicy)}
    assert run == set(RunSettings.model_fields)
    assert session == set(SessionSettings.model_fields) - {"mode"}


def test_limits_and_the_edges_rules_are_what_the_host_takes() -> None:
    assert LimitSettings().to_limits() == RequestLimits()
    assert ServerSettings().to_edge_policy(on_isolating_platform=False) == EdgePolicy()


def test_code_may_write_units_too() -> None:
    settings = Settings.model_validate(
        {"run": {"time_limit": "90s", "event_bytes_limit": "1MiB"}, "log": {"level": "DEBUG"}}
    )
    policy = settings.run.to_policy()
    assert policy.time_limit.total_seconds() == 90
    assert policy.event_bytes_limit == 1024 * 1024
    assert settings.log.level == "debug"


def test_an_unknown_field_is_refused_and_a_value_does_not_change() -> None:
    with pytest.raises(ValidationError, match="prot"):
        ServerSettings.model_validate({"prot": 1})
    with pytest.raises(ValidationError, match="frozen"):
        setattr(ServerSettings(), "port", 1)  # noqa: B010 - type checkers know that it is refused


def test_no_representation_and_no_error_shows_what_may_be_secret() -> None:
    secret = "s3cret"
    settings = Settings(
        store=f"redis://:{secret}@db",
        channels={"chat": ChannelSettings.model_validate({"token": secret})},
    )
    assert secret not in repr(settings)
    assert settings.channels["chat"].options == {"token": secret}
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate({"store": secret})
    assert secret not in str(caught.value)


def test_every_setting_is_described() -> None:
    def undescribed(model: type[BaseModel]) -> list[str]:
        return [name for name, field in model.model_fields.items() if not field.description]

    models: list[type[BaseModel]] = [Settings, ChannelSettings]
    models += [type(value) for _, value in Settings() if isinstance(value, BaseModel)]
    assert {model.__name__: undescribed(model) for model in models} == {
        model.__name__: [] for model in models
    }


def test_the_variable_of_the_default_target_is_known() -> None:
    assert FOLDER_VARIABLE in OTHER_VARIABLES
