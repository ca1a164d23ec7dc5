"""A server is killed while OpenAI's client follows a response; the next process has all of it."""

from pathlib import Path

import pytest
from openai import OpenAI

from tests.durable.server import KilledServer

TARGETS = "tests/durable/target.py"
ONLY = {"AGENT_HOST_CHANNELS__OPENAI__ENABLED": "true"}


def client_of(server: KilledServer) -> OpenAI:
    return OpenAI(base_url=f"{server.client.base_url}/v1", api_key="any", max_retries=0)


@pytest.mark.parametrize("background", [False, True])
def test_a_stream_is_taken_up_from_any_event(tmp_path: Path, background: bool) -> None:
    target = f"{TARGETS}:rerunnable"
    seen: list[tuple[int, str]] = []
    response_id = ""
    with KilledServer(tmp_path, target, environ=ONLY) as server, client_of(server) as client:
        stream = client.responses.create(input="hello", stream=True, background=background)
        for event in stream:
            seen.append((event.sequence_number, event.type))
            if event.type == "response.created":
                response_id = event.response.id
            if event.type == "response.output_text.delta":
                break
    with KilledServer(tmp_path, target, environ=ONLY) as server, client_of(server) as client:
        server.gate.touch()
        for after in range(-1, seen[-1][0] + 1):
            again = client.responses.retrieve(response_id, stream=True, starting_after=after)
            events = [(event.sequence_number, event.type) for event in again]
            first = after + 1
            assert events[: len(seen) - first] == seen[first:]
            assert [number for number, _ in events] == list(range(first, events[-1][0] + 1))
            assert events[-1][1] == "response.completed"
        final = client.responses.retrieve(response_id)
        chained = client.responses.create(input="more", previous_response_id=response_id)
    assert final.output_text == "hello done"
    assert chained.output_text == "more done"


def test_what_may_not_be_run_again_has_failed(tmp_path: Path) -> None:
    target = f"{TARGETS}:once"
    with KilledServer(tmp_path, target, environ=ONLY) as server, client_of(server) as client:
        made = client.responses.create(input="hello", background=True)
        for event in client.responses.retrieve(made.id, stream=True):
            if event.type == "response.output_text.delta":
                break
    with KilledServer(tmp_path, target, environ=ONLY) as server, client_of(server) as client:
        *_, last = client.responses.retrieve(made.id, stream=True)
        final = client.responses.retrieve(made.id)
    assert last.type == "response.failed"
    assert final.status == "failed"
    assert final.error is not None
