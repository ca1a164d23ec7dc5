"""What a channel's class and folder owe: how it is configured, named, written and documented."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

import pytest
from pydantic import BaseModel, SecretBytes, SecretStr

from agent_host.app import AgentHost
from agent_host.errors import ConfigurationError
from agent_host.protocols.channel import RouteAccess
from agent_host.testing.channel_driver import ChannelDriver
from agent_host.testing.channel_fixture import ChannelFixture, recall
from agent_host.testing.quality import RULES, Quality, read_quality

FILES: Final = frozenset(
    {
        "README.md",
        "__init__.py",
        "channel.py",
        "config.py",
        "inbound.py",
        "outbound.py",
        "py.typed",
        "quality.toml",
        "schema.py",
    }
)
PURE: Final = ("inbound", "outbound", "schema")
IMPURE: Final = frozenset({"asyncio", "httpx", "starlette"})
OF_THE_HOST: Final = ("context", "errors", "protocols", "telemetry", "types", "wire")
DRIVER_MODULE: Final = "testing"

_README_CHARACTERS: Final = 200


class ChannelFormSuite(ChannelFixture):
    """Looks at the channel; nothing is hosted, but to see it start and stop."""

    @pytest.fixture
    def folder(self, channel_type: type) -> Path:
        return Path(inspect.getfile(channel_type)).parent

    @pytest.fixture
    def quality(self, folder: Path) -> Quality:
        return read_quality(folder / "quality.toml")

    def test_its_class_names_the_model_of_its_config(self, channel_type: type) -> None:
        assert config_of(channel_type).model_config.get("extra") == "forbid", "typos must not pass"

    def test_it_is_made_without_arguments_or_refuses_for_want_of_a_secret(
        self, channel_type: type, quality: Quality
    ) -> None:
        if quality.is_done("secret-required"):
            with pytest.raises(ConfigurationError):
                channel_type()
            return
        channel_type()
        assert secrets_of(config_of(channel_type)) == []

    def test_its_name_is_its_own(self, driver: ChannelDriver, name: str) -> None:
        assert driver.make_channel().name == name

    def test_two_of_one_name_are_refused(self, driver: ChannelDriver) -> None:
        with pytest.raises(ConfigurationError, match="Two channels"):
            AgentHost(recall, channels=[driver.make_channel(), driver.make_channel()])

    async def test_it_starts_and_stops_and_passes_errors_on(self, driver: ChannelDriver) -> None:
        context = self.make_host(recall, driver).context
        async with driver.make_channel().lifespan(context):
            pass
        with pytest.raises(ArithmeticError):
            async with driver.make_channel().lifespan(context):
                raise ArithmeticError

    def test_its_folder_has_the_files_that_all_have(self, folder: Path) -> None:
        assert FILES - {path.name for path in folder.iterdir()} == set()

    def test_its_readme_says_something(self, folder: Path) -> None:
        text = (folder / "README.md").read_text("utf-8")
        assert len(text) >= _README_CHARACTERS
        assert text.startswith(f"# {folder.name}\n")

    def test_it_answers_every_rule(self, quality: Quality) -> None:
        assert set(quality.rules) == set(RULES)

    def test_what_is_signed_is_verified_in_a_file_of_its_own(
        self, driver: ChannelDriver, folder: Path, quality: Quality
    ) -> None:
        routes = driver.make_channel().routes(self.make_host(recall, driver).context)
        signs = any(route.access is RouteAccess.SIGNED for route in routes)
        assert quality.is_done("verifies-before-parsing") or not signs
        assert (folder / "verify.py").is_file() or not signs

    @pytest.mark.parametrize("module", PURE)
    def test_parsing_and_rendering_are_plain_functions(self, folder: Path, module: str) -> None:
        imported = {name.partition(".")[0] for name in imports_of(folder / f"{module}.py")}
        assert imported & IMPURE == set()

    def test_of_the_host_it_knows_values_errors_context_seams_and_wire(self, folder: Path) -> None:
        allowed = tuple(f"agent_host.{part}" for part in OF_THE_HOST)
        foreign = {
            f"{path.name}: {name}"
            for path in folder.rglob("*.py")
            if path.stem != DRIVER_MODULE
            for name in imports_of(path)
            if name.partition(".")[0] == "agent_host"
            and not any(name == part or name.startswith(f"{part}.") for part in allowed)
        }
        assert foreign == set()


def config_of(channel_type: type) -> type[BaseModel]:
    """The model of the channel's config."""
    config: object = getattr(channel_type, "config_type", None)
    assert isinstance(config, type)
    assert issubclass(config, BaseModel)
    return config


def secrets_of(config: type[BaseModel]) -> list[str]:
    """The fields that hold a secret."""
    secret = {SecretStr, SecretBytes}
    return [
        name
        for name, field in config.model_fields.items()
        if secret & {field.annotation, *get_args(field.annotation)}
    ]


def imports_of(path: Path) -> Iterator[str]:
    """The modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "agent_host":
                yield from (f"agent_host.{alias.name}" for alias in node.names)
            else:
                yield node.module


__all__ = ["ChannelFormSuite", "config_of", "imports_of", "secrets_of"]
