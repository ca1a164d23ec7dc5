"""The few pages of a sign-in. They run no script, load nothing, cannot be framed, and are kept
nowhere. All that is not ours in them is escaped.
"""

import base64
import hashlib
from dataclasses import dataclass
from html import escape
from http import HTTPStatus
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response

from agent_host.errors import (
    AccessError,
    HostError,
    LinkStepError,
    SignInError,
    SignInUnavailableError,
)

_STYLE: Final = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:4rem auto;padding:0 1rem}"
    "button{font:inherit;padding:.5rem 1rem;margin-right:.5rem}"
    "strong.number{font-size:2rem;letter-spacing:.2em}"
)
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    # Not `no-referrer`: with it browsers call the origin of our own forms `null`.
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Both sides, by name, and what the form sends back."""

    here: str
    there: str
    reference: str
    token: str


def start_page(*, title: str, there: str) -> Response:
    """What a link in a conversation leads to: whatever only fetches it has begun nothing."""
    return _page(
        f"Link with {title}",
        f"<p>The conversation on <b>{escape(there)}</b> asks to be linked with your account at "
        f"<b>{escape(title)}</b>.</p>"
        "<p>Go on only if you have just asked for this there yourself.</p>"
        f'<form method="post"><button>Sign in at {escape(title)}</button></form>',
    )


def consent_page(consent: Consent) -> Response:
    """Who would be linked with whom."""
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in (("at", consent.reference), ("token", consent.token))
    )
    return _page(
        "Link these two?",
        f"<p>You have signed in as <b>{escape(consent.here)}</b>.</p>"
        f"<p>It would be linked with the conversation on <b>{escape(consent.there)}</b>: whoever "
        "speaks there speaks as you here, and reads what you have said.</p>"
        "<p>If you did not ask for this there yourself, choose No.</p>"
        f'<form method="post">{hidden}'
        '<button name="decision" value="yes">Yes, link them</button>'
        '<button name="decision" value="no">No</button></form>',
    )


def number_page(*, number: str, there: str) -> Response:
    """What has to be said in the conversation."""
    return _page(
        "One more step",
        f"<p>Go back to the conversation on <b>{escape(there)}</b> and say this number there:</p>"
        f'<p><strong class="number">{escape(number)}</strong></p>'
        "<p>Tell it to nobody else. Nothing is linked until then.</p>",
    )


def declined_page() -> Response:
    """Nothing was linked."""
    return _page("Not linked", "<p>Nothing was linked. You can close this page.</p>")


async def error_page(connection: HTTPConnection, error: HostError) -> Response:
    """An error for people: which one it is matters to the log only."""
    del connection
    match error:
        case LinkStepError() | SignInError():
            status, text = HTTPStatus.BAD_REQUEST, str(error)
        case AccessError():
            status, text = HTTPStatus.FORBIDDEN, str(error)
        case SignInUnavailableError():
            status = HTTPStatus.BAD_GATEWAY
            text = "The provider cannot be reached at the moment. Try again later."
        case _:
            status = HTTPStatus.SERVICE_UNAVAILABLE
            text = "That does not work at the moment. Try again later."
    return _page("Not linked", f"<p>{escape(text)}</p>", status=status)


def _page(title: str, body: str, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return HTMLResponse(
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style>"
        f"<h1>{escape(title)}</h1>{body}</html>\n",
        status_code=status,
        headers=HEADERS,
    )


__all__ = [
    "HEADERS",
    "Consent",
    "consent_page",
    "declined_page",
    "error_page",
    "number_page",
    "start_page",
]
