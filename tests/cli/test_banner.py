"""What `agent-host run` says once it listens."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from agent_host.cli.banner import render_banner
from agent_host.types.target import TargetDescription

URL = "http://127.0.0.1:8080"


async def answer(_: Request) -> Response:
    return Response()


async def talk(websocket: WebSocket) -> None:
    await websocket.close()


def banner(*routes: BaseRoute, description: str = "", needs_proof: bool = False) -> str:
    target = TargetDescription(name="shop", description=description)
    return render_banner(URL, target=target, routes=routes, needs_proof=needs_proof)


def test_it_shows_where_to_send_and_where_to_read() -> None:
    text = banner(
        Route("/api/invocations", answer, methods=["GET", "POST"]),
        Route("/api/invocations/{run_id}", answer, methods=["GET"]),
        Route("/api/docs", answer),
        Route("/healthz", answer),
        WebSocketRoute("/ws", talk),
        WebSocketRoute("/ws/{room}", talk),
        Mount("/static", Starlette()),
    )
    shown = [line.split() for line in text.splitlines() if line.startswith("  ")]
    assert ["POST", f"{URL}/api/invocations"] in shown
    assert ["docs", "page", f"{URL}/api/docs"] in shown
    assert ["websocket", f"{URL}/ws"] in shown
    assert f"curl -N {URL}/api/invocations" in text
    assert "{run_id}" not in text
    assert "healthz" not in text
    assert "/ws/" not in text


def test_other_agents_and_openai_s_clients_are_told_their_urls_once() -> None:
    text = banner(
        Route("/.well-known/agent-card.json", answer),
        Route("/a2a", answer, methods=["POST"]),
        Route("/a2a/", answer, methods=["POST"]),
        Route("/a2a/message:send", answer, methods=["POST"]),
        Route("/v1/responses", answer, methods=["POST"]),
        Route("/v1/chat/completions", answer, methods=["POST"]),
        Route("/v1x", answer, methods=["POST"]),
    )
    shown = [line.split() for line in text.splitlines() if line.startswith("  ")]
    assert shown == [
        ["agent", "card", f"{URL}/.well-known/agent-card.json"],
        ["POST", f"{URL}/a2a"],
        ["OpenAI", "base", "URL", f"{URL}/v1"],
        ["POST", f"{URL}/v1x"],
    ]


def test_it_says_what_is_hosted() -> None:
    text = banner(description="Answers for the shop.")
    assert f"shop is hosted on {URL}\n  Answers for the shop.\n" in text
    assert "curl" not in text


def test_the_line_to_try_shows_where_a_key_goes_where_one_is_needed() -> None:
    route = Route("/invocations", answer, methods=["POST"])
    assert "authorization" not in banner(route)
    assert "-H 'authorization: Bearer YOUR_KEY' \\\n" in banner(route, needs_proof=True)
