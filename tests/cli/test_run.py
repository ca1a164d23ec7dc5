"""`agent-host run` as a person runs it: a process, a port, signals."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

ECHO = "async def agent(text: str) -> str:\n    return f'{word} ' + text\n"


class Served:
    """A running command; its output is read line by line, never waited for by time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []

    def wait_for(self, pattern: str) -> re.Match[str]:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            found = re.search(pattern, line)
            if found:
                return found
        raise AssertionError(f"ended without {pattern!r}:\n{''.join(self.said)}")

    def url(self) -> str:
        return self.wait_for(r"is hosted on (http://\S+)")[1]

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait()


@contextmanager
def agent_host(folder: Path, *arguments: str, **environ: str) -> Generator[Served]:
    kept = {name: value for name, value in os.environ.items() if "AGENT_HOST" not in name}
    with subprocess.Popen(
        [sys.executable, "-m", "agent_host.cli", "run", *arguments],
        cwd=folder,
        env=kept | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield Served(process)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def ask(url: str, text: str) -> str:
    answer = httpx.post(f"{url}/invocations", json={"input": text}, timeout=30)
    answer.raise_for_status()
    return answer.text


def test_a_function_is_served_and_stops_on_sigterm(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(ECHO.format(word="hello"), "utf-8")
    with agent_host(tmp_path, "app.py:agent", "--port", "0") as served:
        url = served.url()
        assert "hello you" in ask(url, "you")
        assert httpx.get(f"{url}/healthz").status_code == 200
        assert served.stop() == 0


def test_the_banner_has_a_line_to_try(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(ECHO.format(word="hello"), "utf-8")
    with agent_host(tmp_path, "app.py:agent", "--port", "0") as served:
        url = served.url()
        served.wait_for(f"curl -N {url}/invocations")
        assert served.stop(signal.SIGINT) == 0


def test_without_a_target_the_documents_of_the_folder_answer(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "tea.md").write_text("# Tea\n\nSteep green tea for two minutes.\n")
    with agent_host(tmp_path, "--port", "0") as served:
        assert "two minutes" in ask(served.url(), "How long do I steep green tea?")


def test_json_logs_are_json(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(ECHO.format(word="hello"), "utf-8")
    arguments = ("app:agent", "--port", "0", "--access-log", "--log-format", "json")
    with agent_host(tmp_path, *arguments) as served:
        ask(served.url(), "secret words")
        line = json.loads(served.wait_for(r"^\{.*hypercorn.access.*")[0])
        assert line["level"] == "info"
        assert "POST /invocations 200" in line["message"]
        assert "secret words" not in "".join(served.said)


def test_settings_come_from_the_environment_too(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(ECHO.format(word="hello"), "utf-8")
    environ = {
        "AGENT_HOST_TARGET": "app.py:agent",
        "AGENT_HOST_SERVER__PORT": "0",
        "AGENT_HOST_NAME": "greeter",
    }
    with agent_host(tmp_path, **environ) as served:
        assert served.wait_for(r"(\w+) is hosted")[1] == "greeter"


@pytest.mark.parametrize(
    ("arguments", "environ", "expected"),
    [
        (("missing.py:agent",), {}, "agent-host: There is no file"),
        (("--store", "postgres://db"), {}, "agent-host: There is no store 'postgres'."),
        (("--host", "0.0.0.0"), {}, "can be reached from other machines"),  # noqa: S104
        (("--channel", "smoke"), {}, "There is no channel 'smoke'."),
        (("broken.py:agent",), {}, "agent-host: --traceback shows where it comes from"),
        ((), {"AWS_LAMBDA_FUNCTION_NAME": "x"}, "allow_in_process_runner = true"),
    ],
)
def test_what_cannot_run_is_said_in_a_line_with_code_2(
    tmp_path: Path, arguments: tuple[str, ...], environ: dict[str, str], expected: str
) -> None:
    (tmp_path / "broken.py").write_text("this is no python\n", "utf-8")
    with agent_host(tmp_path, *arguments, **environ) as served:
        said = served.process.communicate()[0]
    assert served.process.returncode == 2
    assert expected in said
    assert "Traceback" not in said


def test_reload_follows_the_code_and_survives_a_mistake(tmp_path: Path) -> None:
    def write(text: str) -> None:
        (tmp_path / "app.new").write_text(text, "utf-8")
        (tmp_path / "app.new").replace(tmp_path / "app.py")

    write(ECHO.format(word="one"))
    with agent_host(tmp_path, "app:agent", "--port", "0", "--reload") as served:
        assert "one you" in ask(served.url(), "you")
        write("this is no python\n")
        served.wait_for("SyntaxError")
        served.wait_for("waiting for a change")
        write(ECHO.format(word="two"))
        assert "two you" in ask(served.url(), "you")
        assert served.stop() == 0


def test_reload_waits_for_a_configuration_to_be_put_right(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(ECHO.format(word="hello"), "utf-8")
    config = tmp_path / "agent-host.toml"
    config.write_text("prot = 0\n", "utf-8")
    with agent_host(tmp_path, "app.py:agent", "--port", "0", "--reload") as served:
        served.wait_for("Did you mean server.port")
        served.wait_for("waiting for a change")
        config.write_text("name = 'greeter'\n", "utf-8")
        assert served.wait_for(r"(\w+) is hosted")[1] == "greeter"
        assert served.stop() == 0


def test_an_interruption_before_anything_is_served_is_no_traceback(tmp_path: Path) -> None:
    slow = "import signal\nprint('importing', flush=True)\nsignal.pause()\n"
    (tmp_path / "slow.py").write_text(slow, "utf-8")
    with agent_host(tmp_path, "slow.py:agent", "--port", "0") as served:
        served.wait_for("importing")
        assert served.stop(signal.SIGINT) == 130
        assert "Traceback" not in served.process.communicate()[0]
