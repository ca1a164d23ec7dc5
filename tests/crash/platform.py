"""The other side, in a process that no kill reaches: two chat platforms and a webhook sink.

`POST /chat`, `/mail` and `/webhook` take messages, by the first word of their text: `flaky` is
answered 503 the first time, `dropped` is taken and the connection closed the first time, `refused`
is answered 400 as long as it is not `PUT /mended`. All that is taken is noted, however often it
comes: whether its receiver honours ids is for whoever counts.
"""

import json
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Lock
from typing import Final

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from tests.crash.journal import Journal

SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
WEBHOOK: Final = "webhook"

_TAKEN, _BUSY, _REFUSED, _UNSIGNED, _NOT_FOUND = 200, 503, 400, 401, 404


class Platform:
    """What has come, and what is done about the next."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._came: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()
        self.is_mended = False

    def take(self, channel: str, message_id: str, run: str, what: str, text: str) -> int | None:
        """The status of the answer; None for none at all."""
        key = channel, message_id
        kind = text.lower().partition("-")[0]
        with self._lock:
            self._came[key] += 1
            is_first = self._came[key] == 1
        if kind == "flaky" and is_first:
            return _BUSY
        if kind == "refused" and not self.is_mended:
            return _REFUSED
        self._journal.note("took", channel, message_id.removesuffix("_echo"), run, what)
        return None if kind == "dropped" and is_first else _TAKEN


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    platform: Platform

    def do_PUT(self) -> None:
        self.platform.is_mended = self.path == "/mended"
        self._body()
        self._answer(_TAKEN)

    def do_POST(self) -> None:
        channel, body = self.path.removeprefix("/"), self._body()
        try:
            message = self._event(body) if channel == WEBHOOK else self._message(body)
        except WebhookVerificationError:
            self._answer(_UNSIGNED)
            return
        status = self.platform.take(channel, *message)
        if status is None:
            self.close_connection = True
            return
        self._answer(status)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called
        """Nothing: the journal has it."""

    def _message(self, body: bytes) -> tuple[str, str, str, str]:
        said = json.loads(body)
        return self.headers["idempotency-key"], said["run"], said["what"], said["text"]

    def _event(self, body: bytes) -> tuple[str, str, str, str]:
        data = Webhook(SECRET).verify(body, dict(self.headers.items()))["data"]
        return self.headers["webhook-id"], data["run_id"], "reply", data.get("output_text", "")

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.send_header("x-message-id", "m1")
        self.end_headers()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: whoever was killed has hung up."""


def serve_platform(folder: Path, tell: Connection) -> None:
    """Serve until this process is ended; `tell` is sent the URL."""
    platform = Platform(Journal(folder / "journal"))
    handler = type("Handler", (_Handler,), {"platform": platform})
    with _Server(("127.0.0.1", 0), handler) as server:
        tell.send_bytes(f"http://127.0.0.1:{server.server_port}".encode())
        server.serve_forever()


__all__ = ["SECRET", "WEBHOOK", "serve_platform"]
