"""`agent-host webhooks` against a real server, and a receiver that is gone at first."""

import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.cli.operated import SECRET, Operated

SETTINGS = """
[outbound]
allow = ["{url}"]

[[channels.webhook.subscribers]]
name = "ops"
url = "{url}/hook"
secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]
"""


@pytest.fixture
def operated(tmp_path: Path) -> Operated:
    return Operated(tmp_path)


@contextmanager
def receiver(*answers: int) -> Generator[str]:
    """Answers these, one after the other, and then 204; its URL."""
    script = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer."""
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(script.pop(0) if script else 204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
            """Say nothing."""
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_an_operator_looks_after_the_endpoints_of_the_configuration(operated: Operated) -> None:
    with receiver(410) as url:
        settings = operated.folder / "agent-host.toml"
        settings.write_text(settings.read_text("utf-8") + SETTINGS.format(url=url), "utf-8")
        with operated.served("--channel", "rest", "--channel", "webhook") as server:
            server.until(server.start(SECRET), "completed")
            while not operated.json("webhooks", "log", "ops")[0]["over_at"]:
                pass
            (shown,) = operated.json("webhooks", "list")
            assert (shown["id"], shown["disabled_reason"]) == ("ops", "gone")
            table = operated.said("webhooks", "list")
            assert "run.completed" in table
            assert "gone" in table

            said = operated.said("webhooks", "log", "ops")
            assert "dead" in said
            assert "gone" in said
            assert "run.completed" in said
            assert SECRET not in said

            assert operated.said("webhooks", "test", "ops") == "The receiver answered 204.\n"
            assert operated.json("webhooks", "test", "ops") == {"status": 204}
            assert "disabled" in operated.said("webhooks", "enable", "ops")
            (shown,) = operated.json("webhooks", "list")
            assert shown["disabled_at"] is None

            missing = operated.command("webhooks", "test", "other")
            assert missing.returncode == 1
            assert "no such webhook endpoint" in missing.stderr
            assert operated.json("webhooks", "log", "other") == []


def test_without_a_server_it_says_so(operated: Operated) -> None:
    done = operated.command("webhooks", "list")
    assert done.returncode == 2
    assert "No server runs" in done.stderr
