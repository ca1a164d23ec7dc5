"""The OpenAPI document is true: a fuzzer that reads it finds nothing that it does not say."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from agent_host import AgentHost
from agent_host.testing.live_server import live_server
from agent_host.types import Answer, InputRequired, Question, RunEvent, TextDelta, Turn
from agent_host_rest import RestChannel, RestConfig
from agent_host_rest.operation import OPERATIONS
from tests.channels.rest.hosting import CALLER, hosted

HOOKS = Path(__file__).with_name("schemathesis_hooks.py")
ACCEPTABLE = [200, 202, 204, 400, 401, 403, 404, 409, 413, 415, 429, 503]
"""Of requests that fit the schema: made-up cursors are 400, limits no schema can say are 413."""


async def ask(turn: Turn) -> AsyncGenerator[RunEvent, Answer]:
    """Answers, and asks those who ask for it."""
    if turn.text == "ask":
        yield InputRequired(questions=(Question(prompt="?"),))
    yield TextDelta(text=turn.text)


async def document(client: httpx.AsyncClient) -> dict[str, Any]:
    response = await client.get("/openapi.json", headers={CALLER: ""})
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def references(node: object) -> set[str]:
    return set(re.findall(r'"\$ref": "([^"]*)"', json.dumps(node)))


async def test_the_document_is_whole_and_well_formed() -> None:
    async with hosted(ask) as client:
        found = await document(client)
        assert await document(client) == found
    assert found["openapi"].startswith("3.1.")
    assert found["info"]["title"] == "ask"
    operations = [operation for item in found["paths"].values() for operation in item.values()]
    assert {operation["operationId"] for operation in operations} == {
        operation.id for operation in OPERATIONS
    }
    for schema in found["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in references(found):
        target: Any = found
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        assert target
    for path, item in found["paths"].items():
        for operation in item.values():
            names = {
                reference.rpartition("/")[2] for reference in references(operation["parameters"])
            }
            assert {part[1:-1] for part in path.split("/") if part.startswith("{")} <= names


async def test_the_document_says_where_a_credential_goes_where_one_is_needed() -> None:
    async with hosted(ask) as client:
        found = await document(client)
    assert found["components"]["securitySchemes"] == {"caller": {"type": "http", "scheme": "test"}}
    asking = {
        operation["operationId"]
        for item in found["paths"].values()
        for operation in item.values()
        if operation.get("security") == [{"caller": []}]
    }
    assert asking == {operation.id for operation in OPERATIONS if not operation.public}


async def test_the_document_asks_for_nothing_where_the_host_does_not() -> None:
    host = AgentHost(ask, channels=[RestChannel()])
    transport = httpx.ASGITransport(host.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://h.example") as client:
        assert "ecurity" not in (await client.get("/openapi.json")).text


async def test_the_document_follows_the_prefix_and_the_proxy() -> None:
    host = AgentHost(ask, channels=[RestChannel(RestConfig(path_prefix="/api"))])
    transport = httpx.ASGITransport(host.app, root_path="/proxied")
    async with httpx.AsyncClient(transport=transport, base_url="http://h.example") as client:
        found = (await client.get("/proxied/api/openapi.json")).json()
        page = (await client.get("/proxied/api/docs")).text
    assert found["servers"] == [{"url": "/proxied"}]
    assert "/api/invocations" in found["paths"]
    assert "curl http://h.example/proxied/api/invocations " in page


async def test_a_fuzzer_finds_nothing_undocumented(tmp_path: Path) -> None:
    host = AgentHost(ask, channels=[RestChannel()])
    async with live_server(host.app) as url:
        async with httpx.AsyncClient(base_url=url) as client:
            run_id = (await client.post("/invocations", json={"input": "ask"})).json()["id"]
        config = tmp_path / "schemathesis.toml"
        config.write_text(
            f"[parameters]\n'path.run_id' = {json.dumps(run_id)}\n"
            f"[checks.positive_data_acceptance]\nexpected-statuses = {ACCEPTABLE}\n",
            "utf-8",
        )
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("schemathesis")),
            *("--config-file", str(config), "run", f"{url}/openapi.json"),
            *("--checks", "all", "--max-examples", "15", "--seed", "1", "--no-color"),
            cwd=tmp_path,
            env={**os.environ, "SCHEMATHESIS_HOOKS": HOOKS.stem, "PYTHONPATH": str(HOOKS.parent)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        try:
            report, _ = await process.communicate()
        finally:
            with suppress(ProcessLookupError):
                process.kill()
    assert process.returncode == 0, report.decode()
