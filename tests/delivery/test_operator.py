"""What operators see and do: by the host, by its routes, with no word of what is carried."""

import json
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from agent_host.errors import (
    DeliveryStateError,
    NotFoundError,
    PushError,
    PushErrorClass,
    RequestError,
)
from agent_host.types import DeliveryStatus, Push
from tests.asgi.admin import NamedAuthenticator, client_of
from tests.delivery.hosting import ALL, CHAT, Stage, stage

SECRET = "plum-tomato-42"
ADDRESS = CHAT.native_id
DEAD = PushError(PushErrorClass.PERMANENT, "blocked")
DOUBT = PushError(PushErrorClass.UNKNOWN_AFTER_SEND, "no_answer")


async def refuse(_: Push) -> None:
    raise DEAD


@asynccontextmanager
async def operated() -> AsyncGenerator[tuple[Stage, httpx.AsyncClient]]:
    async with (
        stage(authenticator=NamedAuthenticator()) as on,
        client_of(on.host, "admin") as client,
    ):
        yield on, client


async def test_a_request_is_followed_to_its_attempts_without_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with operated() as (on, client):
        on.mail.always = refuse
        asked = await on.ask(SECRET, ALL)
        await on.deliveries(asked)
        listed = (await client.get("/admin/deliveries", params={"run": asked.run.id})).json()
        assert {one["status"] for one in listed["deliveries"]} == {"accepted", "dead"}
        assert all(one["run_id"] == asked.run.id for one in listed["deliveries"])
        (dead,) = (await client.get("/admin/deliveries?status=dead")).json()["deliveries"]
        shown = await client.get(f"/admin/deliveries/{dead['id']}")
        assert shown.headers["cache-control"] == "no-store"
        (row,) = shown.json()["attempts"]
        assert (row["error_class"], row["error_code"]) == ("permanent", "blocked")
        said = json.dumps(listed) + shown.text
        assert SECRET.upper() not in said.upper()
        assert ADDRESS not in said
    assert SECRET.upper() not in caplog.text.upper()


async def test_a_dead_letter_is_replayed_and_purged_by_its_routes() -> None:
    async with operated() as (on, client):
        on.chat.will_raise(DEAD, DEAD)
        (delivery,) = await on.deliveries(await on.ask())
        path = f"/admin/deliveries/{delivery.id}"
        answer = await client.post(f"{path}/replay")
        assert (answer.status_code, answer.json()["replays"]) == (200, 1)
        await on.over(delivery.id, DeliveryStatus.DEAD)
        assert (await client.delete(path)).status_code == 204
        assert (await client.get(path)).status_code == 404
        assert (await client.post(f"{path}/replay")).status_code == 404
        assert (await client.get("/admin/deliveries")).json()["deliveries"] == []


async def test_what_is_no_letter_is_neither_replayed_nor_purged() -> None:
    async with operated() as (on, client):
        (delivery,) = await on.deliveries(await on.ask())
        path = f"/admin/deliveries/{delivery.id}"
        for answer in (
            await client.post(f"{path}/replay"),
            await client.delete(path),
            await client.post(f"{path}/cancel"),
        ):
            assert answer.status_code == 409
            assert answer.json()["code"] == "delivery_state"
        with pytest.raises(NotFoundError):
            await on.host.deliveries.show("dlv_x")


async def test_letters_are_replayed_and_purged_by_filter() -> None:
    async with operated() as (on, client):
        on.mail.always = refuse
        on.chat.will_raise(DOUBT)
        deliveries = await on.deliveries(await on.ask("hi", ALL))
        assert {one.status for one in deliveries} == {DeliveryStatus.DEAD, DeliveryStatus.UNKNOWN}
        wrong = await client.post("/admin/deliveries/replay?status=accepted")
        assert wrong.status_code == 400
        answer = await client.post("/admin/deliveries/purge?channel=mail&status=unknown")
        assert answer.json() == {"purged": 0}
        answer = await client.post("/admin/deliveries/replay?status=unknown")
        assert answer.json() == {"replayed": 1}
        await on.chat.until(lambda: bool(on.chat.taken))
        answer = await client.post("/admin/deliveries/purge?channel=mail")
        assert answer.json() == {"purged": 1}
        assert (await client.post("/admin/deliveries/replay")).json() == {"replayed": 0}


async def test_pages() -> None:
    async with operated() as (on, client):
        on.chat.always = refuse
        asked = [await on.ask(str(number)) for number in range(5)]
        for one in asked:
            await on.deliveries(one)
        found: list[str] = []
        after = ""
        while True:
            query = f"/admin/deliveries?limit=2{after}"
            page = (await client.get(query)).json()
            found += [one["run_id"] for one in page["deliveries"]]
            if page["next_cursor"] is None:
                break
            after = f"&after={page['next_cursor']}"
        assert sorted(found) == sorted(one.run.id for one in asked)
        for query in ("limit=0", "after=tsk_1", "status=odd", "x=1"):
            assert (await client.get(f"/admin/deliveries?{query}")).status_code == 400
        with pytest.raises(RequestError):
            await on.host.deliveries.list(limit=201)


async def test_only_operators_come_in() -> None:
    async with operated() as (on, _), client_of(on.host, "caller") as caller:
        for method, path in (
            ("GET", "/admin/deliveries"),
            ("POST", "/admin/deliveries/replay"),
            ("POST", "/admin/deliver"),
        ):
            assert (await caller.request(method, path)).status_code == 403


async def test_an_operator_sends_a_message_once() -> None:
    async with operated() as (on, client):
        body = {
            "text": SECRET,
            "to": {"identity": {"channel": "chat", "native_id": ADDRESS}},
            "idempotency_key": "k",
        }
        first = await client.post("/admin/deliver", json=body)
        assert first.status_code == 202
        (sent,) = first.json()["deliveries"]
        again = await client.post("/admin/deliver", json=body)
        assert [one["id"] for one in again.json()["deliveries"]] == [sent["id"]]
        await on.over(sent["id"], DeliveryStatus.ACCEPTED)
        assert on.chat.texts == [SECRET]
        assert SECRET not in first.text


@pytest.mark.parametrize(
    "to",
    [
        {"person": "{alice}"},
        {"conversation": {"channel": "chat", "id": "room", "kind": "group"}},
    ],
)
async def test_an_operator_sends_to_persons_and_conversations_later(to: dict[str, Any]) -> None:
    async with operated() as (on, client):
        if "person" in to:
            to = {"person": on.alice.isolation_key}
        body = {"text": "hi", "to": to, "delay_seconds": 3600}
        if "person" in to:
            body["target"] = {"kind": "channels", "channels": ["chat"]}
        answer = await client.post("/admin/deliver", json=body)
        assert answer.status_code == 202, answer.text
        (sent,) = answer.json()["deliveries"]
        cancelled = await client.post(f"/admin/deliveries/{sent['id']}/cancel")
        assert cancelled.json()["status"] == "cancelled"
        with pytest.raises(DeliveryStateError):
            await on.host.deliveries.cancel(sent["id"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"to": {"person": "../x"}}, "to"),
        ({"to": {}}, "to"),
        ({"text": ""}, "text"),
        ({"at": "2026-01-01T00:00:00"}, "at"),
        ({"at": "2026-01-01T00:00:00Z", "delay_seconds": 1}, "delay_seconds"),
        ({"target": {"kind": "channels"}}, "target"),
        ({"more": 1}, "more"),
    ],
)
async def test_a_body_that_is_not_as_documented_is_refused(
    change: dict[str, Any], field: str
) -> None:
    async with operated() as (_, client):
        good = {"text": SECRET, "to": {"identity": {"channel": "chat", "native_id": "x"}}}
        answer = await client.post("/admin/deliver", json=good | change)
        assert answer.status_code == 422
        assert any(one["field"].startswith(field) for one in answer.json()["errors"])
        assert SECRET not in answer.text
        assert (await client.post("/admin/deliver", content=b"[")).status_code == 422
