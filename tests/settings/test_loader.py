"""Settings from a file, the environment and the command line: order, errors, secrets."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from agent_host.errors import ConfigurationError
from agent_host.settings import Flag, LoadedSettings, load_settings


class Queue(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    size_bytes: int = 1024


class ChatConfig(BaseModel):
    """What a channel of a third party could declare: plain types, a secret, a table of its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: SecretStr
    older_tokens: list[SecretStr] = []
    poll_interval: timedelta = Field(default=timedelta(seconds=5), gt=timedelta())
    rooms: list[str] = []
    headers: dict[str, str] = {}
    greeting: str | None = None
    queue: Queue = Queue()


class PlainConfig(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    prefix: str = ""
    retries: int = 3


INSTALLED: dict[str, type[BaseModel]] = {
    "chat": ChatConfig,
    **dict.fromkeys(["rest", "a2a", "openai"], PlainConfig),
}


def channel_config(name: str) -> type[BaseModel]:
    if name not in INSTALLED:
        raise ConfigurationError(f"There is no channel {name!r}.")
    return INSTALLED[name]


class Place:
    """A folder to load from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "agent-host.toml"

    def load(
        self,
        toml: str | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        flags: Sequence[Flag] = (),
        channels: Sequence[str] = (),
        config: Path | None = None,
    ) -> LoadedSettings:
        if toml is not None:
            self.file.write_text(toml, "utf-8")
        return load_settings(
            channel_config,
            environ=environ or {},
            config_file=config,
            flags=flags,
            only_channels=channels,
            directory=self.folder,
        )

    def refusal(self, toml: str | None = None, environ: Mapping[str, str] | None = None) -> str:
        with pytest.raises(ConfigurationError) as caught:
            self.load(toml, environ)
        return str(caught.value)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


PORT = ("server", "port")


def test_without_any_source_everything_is_as_by_default(place: Place) -> None:
    loaded = place.load(environ={"HOME": "/root", "AGENT_HOST_TARGET": ""})
    assert loaded.settings.server.port == 8080
    assert loaded.channels == dict.fromkeys(["a2a", "openai", "rest"], PlainConfig())
    assert loaded.origins == {}
    assert loaded.file is None


def test_the_command_line_wins_over_the_environment_over_the_file(place: Place) -> None:
    toml = "[server]\nport = 1\nhost = '::1'\n"
    environ = {"AGENT_HOST_SERVER__PORT": "2"}
    flag = Flag(path=PORT, value="3", name="--port")

    assert place.load(toml).settings.server.port == 1
    assert place.load(toml, environ).settings.server.port == 2
    loaded = place.load(toml, environ, flags=[flag])
    assert (loaded.settings.server.port, loaded.settings.server.host) == (3, "::1")
    assert loaded.origins[PORT] == "--port"
    assert loaded.origins["server", "host"] == str(place.file)


def test_a_file_is_named_by_flag_before_variable_before_the_folder(place: Place) -> None:
    place.file.write_text("name = 'folder'\n", "utf-8")
    named = place.folder / "named.toml"
    named.write_text("name = 'named'\n", "utf-8")
    other = place.folder / "other.toml"
    other.write_text("name = 'other'\n", "utf-8")
    environ = {"AGENT_HOST_CONFIG": str(other)}

    assert place.load().settings.name == "folder"
    assert place.load(environ=environ).settings.name == "other"
    assert place.load(environ=environ, config=named).settings.name == "named"


def test_variables_take_json_for_lists_and_tables_and_whole_sections(place: Place) -> None:
    loaded = place.load(
        environ={
            "AGENT_HOST_SERVER": '{"port": 7, "host": "::1"}',
            "AGENT_HOST_SERVER__PORT": "8",
            "AGENT_HOST_CHANNELS__CHAT__TOKEN": '{"type": "service"}',
            "AGENT_HOST_CHANNELS__CHAT__ROOMS": '["a", "b"]',
            "AGENT_HOST_CHANNELS__CHAT__HEADERS": '{"X-A": "1"}',
            "AGENT_HOST_CHANNELS__CHAT__QUEUE__SIZE_BYTES": "8KiB",
            "AGENT_HOST_CHANNELS__CHAT__POLL_INTERVAL": "1m",
        }
    )
    assert (loaded.settings.server.host, loaded.settings.server.port) == ("::1", 8)
    chat = loaded.channels["chat"]
    assert isinstance(chat, ChatConfig)
    assert chat.token.get_secret_value() == '{"type": "service"}'
    assert chat.rooms == ["a", "b"]
    assert chat.headers == {"X-A": "1"}
    assert chat.queue.size_bytes == 8192
    assert chat.poll_interval == timedelta(minutes=1)


def test_naming_a_channel_replaces_the_default_ones(place: Place) -> None:
    assert list(place.load("[channels.chat]\ntoken = 't'\n").channels) == ["chat"]
    both = place.load(environ={"AGENT_HOST_CHANNELS": '{"chat": {"token": "t"}, "rest": {}}'})
    assert list(both.channels) == ["chat", "rest"]


def test_what_is_only_disabled_is_taken_from_the_default_ones(place: Place) -> None:
    fewer = place.load("[channels.a2a]\nenabled = false\n")
    assert list(fewer.channels) == ["openai", "rest"]
    assert list(place.load(environ={"AGENT_HOST_CHANNELS__REST__ENABLED": "no"}).channels) == [
        "openai"
    ]
    assert list(place.load("[channels.gone]\nenabled = false\n").channels) == [
        "a2a",
        "openai",
        "rest",
    ]


def test_a_disabled_channel_is_not_loaded_and_its_options_wait(place: Place) -> None:
    loaded = place.load("[channels.rest]\n[channels.gone]\nenabled = false\nwhatever = 1\n")
    assert list(loaded.channels) == ["rest"]
    assert not loaded.settings.channels["gone"].enabled


def test_a_channel_named_on_the_command_line_is_the_only_one(place: Place) -> None:
    loaded = place.load("[channels.chat]\n", channels=["rest"])
    assert list(loaded.channels) == ["rest"]
    assert loaded.origins["channels", "chat", "enabled"].startswith("--channel")


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("prot = 1\n", "prot in {file}: there is no such setting. Did you mean server.port?"),
        ("[server]\nprot = 1\n", "server.prot in {file}: .* Did you mean server.port?"),
        ("[sever]\nport = 1\n", "sever in {file}: there is no such setting"),
        ("[channels.rest]\nretrys = 1\n", "channels.rest.retrys in {file}: .*rest.retries?"),
        ("[channels.chta]\n", "channels.chta in {file}: There is no channel 'chta'."),
        ("xyzzy = 1\n", "xyzzy in {file}: there is no such setting."),
        ("server = 1\n", "server in {file}: expected a table"),
        ("channels = 1\n", "channels in {file}: expected a table"),
        ("[channels]\nrest = 1\n", "channels.rest in {file}: expected a table"),
        ("[server]\nport = 70000\n", "server.port in {file}: expected an integer from 0 to 65535"),
        ("[server]\ngrace = 'soon'\n", "server.grace in {file}: expected a duration such as 30s"),
        ("[log]\nlevel = 'loud'\n", 'log.level in {file}: expected one of "debug", "info"'),
        ("[session]\nmode = 1\n", 'session.mode in {file}: expected one of "auto", "required"'),
        (
            "store = 'redis'\n",
            "store in {file}: expected a URL such as disk:///var/lib/",
        ),
        ("target = ''\n", "target in {file}: string should have at least 1 character"),
        ("[channels.rest]\nenabled = 'yep'\n", "rest.enabled in {file}: expected true or false"),
        ("[channels.chat]\n", "channels.chat.token: is required and not set. .*CHAT__TOKEN"),
        (
            "[channels.chat]\ntoken = 't'\npoll_interval = 'soon'\n",
            "channels.chat.poll_interval in {file}: expected a duration",
        ),
        (
            "[channels.chat]\ntoken = 't'\nrooms = ['a', 1]\n",
            "channels.chat.rooms in {file} (1): expected a valid string",
        ),
        ("a = = 1\n", "{file} is not valid TOML: .*line 1"),
    ],
)
def test_what_is_wrong_in_the_file_is_named_with_its_key(
    place: Place, toml: str, expected: str
) -> None:
    text = place.refusal(toml)
    file = str(place.file)
    for piece in expected.split(".*"):
        assert piece.replace("{file}", file) in text


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("AGENT_HOST_PORT", "1", "Did you mean AGENT_HOST_SERVER__PORT?"),
        ("AGENT_HOST_SERVER_PORT", "1", "Did you mean AGENT_HOST_SERVER__PORT?"),
        ("AGENT_HOST_TRAGET", "x", "Did you mean AGENT_HOST_TARGET?"),
        ("AGENT_HOST_SERVER__PORT", "x", "expected an integer from 0 to 65535"),
        ("AGENT_HOST_SERVER", "x", "expected a table"),
        ("AGENT_HOST_SERVER", '{"port": "x"}', "(port): expected an integer"),
        ("AGENT_HOST_CHANNELS__REST", "x", "expected a table"),
        ("AGENT_HOST_CHANNELS__NOPE__X", "1", "There is no channel 'nope'."),
        (
            "AGENT_HOST_CHANNELS__CHAT__ROOMS",
            "[1",
            'expected a list such as ["one", "two"] as JSON',
        ),
        ("AGENT_HOST_CHANNELS__CHAT__ROOMS", "a", "expected a valid list"),
    ],
)
def test_what_is_wrong_in_the_environment_is_named_with_its_variable(
    place: Place, variable: str, value: str, expected: str
) -> None:
    environ = {"AGENT_HOST_CHANNELS__CHAT__TOKEN": "t", variable: value}
    text = place.refusal(environ=environ)
    assert variable in text
    assert expected in text


def test_all_problems_are_told_at_once(place: Place) -> None:
    text = place.refusal("prot = 1\n[server]\nport = 'x'\n", {"AGENT_HOST_LOG__LEVEL": "loud"})
    assert text.startswith("3 settings are wrong:")
    assert len(text.splitlines()) == 4


@pytest.mark.parametrize(
    "toml",
    [
        "[channels.chat]\ntoken = ['s3cret']\n",
        "[channels.chat]\ntoken = 't'\nolder_tokens = 's3cret'\n",
        "[channels.chat]\ntoken = 't'\nolder_tokens = [{a = 's3cret'}]\n",
        "[channels.chat]\ntokn = 's3cret'\n",
        "store = 's3cret'\n",
        "[channels.chat]\ntoken = 't'\npoll_interval = 's3cret'\n",
        "[channels.chat]\ntoken = 't'\n[channels.chat.queue]\nsize_bytes = 's3cret'\n",
    ],
)
def test_no_value_is_repeated_as_it_may_be_a_secret(place: Place, toml: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        place.load(toml)
    error: BaseException | None = caught.value
    while error is not None:
        assert "s3cret" not in str(error)
        error = error.__cause__


def test_a_file_that_cannot_be_read_is_an_error_that_names_it(place: Place) -> None:
    missing = place.folder / "missing.toml"
    with pytest.raises(ConfigurationError, match=r"missing\.toml cannot be read: No such file"):
        place.load(config=missing)
    place.file.write_bytes(b"name = '\xff'\n")
    assert "is not UTF-8" in place.refusal()


def test_a_nested_table_that_is_none_is_told_by_its_own_rule(place: Place) -> None:
    text = place.refusal(json_to_toml({"token": "t", "queue": 3}))
    assert "channels.chat.queue" in text
    assert "expected a table" in text


def json_to_toml(chat: Mapping[str, object]) -> str:
    lines = [f"{key} = {json.dumps(value)}" for key, value in chat.items()]
    return "\n".join(["[channels.chat]", *lines, ""])
