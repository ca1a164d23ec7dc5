"""The page for people at `/docs`: every operation with a command line to copy, and a form to try.

One self-contained HTML document. Its policy lets nothing in but its own style and script, by their
hashes, and lets it talk to its own server only.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from typing import Final

from agent_host_rest.openapi import OpenApiDocument
from agent_host_rest.operation import OPERATIONS, PROBLEMS, Operation

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --accent: #2563eb; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 54rem; }
body { margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: .2rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
article { margin: 1.2rem 0 2rem; } h3 { margin: 0 0 .3rem; font-size: 1.05rem; }
code, pre, textarea, input { font: 14px/1.5 ui-monospace, monospace; }
pre { background: var(--soft); padding: .7rem .9rem; overflow-x: auto; border-radius: 6px; }
b { color: var(--accent); text-transform: uppercase; font-size: .85rem; margin-right: .5rem; }
p { margin: .4rem 0; } ul { margin: .3rem 0; padding-left: 1.2rem; }
form { border: 1px solid var(--line); border-radius: 6px; padding: 1rem; }
form { display: grid; gap: .6rem; }
textarea, input[type=text], input[type=password] { padding: .4rem; }
textarea, input[type=text], input[type=password] { width: 100%; box-sizing: border-box; }
button { justify-self: start; padding: .4rem 1.2rem; }
"""

_SCRIPT: Final = """
const form = document.getElementById("try");
const output = document.getElementById("output");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = { input: form.elements.input.value, stream: form.elements.stream.checked };
  if (form.elements.session.value) body.session_id = form.elements.session.value;
  const headers = { "content-type": "application/json" };
  if (form.elements.key?.value) headers.authorization = `Bearer ${form.elements.key.value}`;
  output.textContent = "";
  try {
    const response = await fetch(form.dataset.path, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      output.textContent += decoder.decode(value, { stream: true });
    }
    if (!body.stream || !response.ok) {
      output.textContent = JSON.stringify(JSON.parse(output.textContent), null, 2);
    }
  } catch (error) {
    output.textContent += "\\n" + error;
  }
});
"""

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p>{description}</p>
<p>Everything here in a form for programs: <a href="{base}{prefix}/openapi.json">openapi.json</a>.
Errors are problem+json (RFC 9457); unknown members of a body are refused, with the nearest known
name. The same messages and events go over a WebSocket at <code>{prefix}/ws</code>.</p>
<h2>Try it</h2>
<form id="try" data-path="{base}{prefix}/invocations">
{key}<label>Say something <textarea name="input" rows="3" required>Hello!</textarea></label>
<label>Session (a name of your own, may be empty) <input type="text" name="session"></label>
<label><input type="checkbox" name="stream" checked> Stream the answer</label>
<button>Send</button>
<pre id="output" aria-live="polite"></pre>
</form>
{operations}
<script>{script}</script>
</body>
</html>
"""


_KEY: Final = """\
<label>Key or token (it stays in this page) <input type="password" name="key" autocomplete="off">
</label>
"""
_CODE: Final = re.compile(r"`([^`]+)`")
_BEARER: Final = " -H 'authorization: Bearer KEY'"


class DocsPage:
    """Renders the page. `headers` go with it."""

    def __init__(self, document: OpenApiDocument) -> None:
        self._document = document

    @property
    def headers(self) -> Mapping[str, str]:
        """The content security policy and its like."""
        return _HEADERS

    def render(self, base_url: str) -> str:
        """The page, for a server that is reached at `base_url` (without a slash at the end)."""
        prefix = self._document.path_prefix
        needs_key = self._document.scheme == "bearer"
        sections: list[str] = []
        tag = ""
        for operation in OPERATIONS:
            if operation.tag != tag:
                tag = operation.tag
                sections.append(f"<h2>{escape(tag)}</h2>")
            credential = _BEARER if needs_key and not operation.public else ""
            sections.append(_article(operation, credential, base_url=base_url, prefix=prefix))
        return _PAGE.format(
            title=escape(self._document.title),
            description=escape(self._document.description),
            base=escape(base_url),
            prefix=escape(prefix),
            key=_KEY if needs_key else "",
            style=_STYLE,
            script=_SCRIPT,
            operations="\n".join(sections),
        )


def _article(operation: Operation, credential: str, *, base_url: str, prefix: str) -> str:
    command = f"curl {operation.curl.format(base=base_url + prefix)}{credential}"
    answers = [(reply.status, reply.text) for reply in operation.replies]
    answers += [(status, PROBLEMS[status]) for status in operation.problems]
    rows = "".join(f"<li><code>{status}</code> {_prose(text)}</li>" for status, text in answers)
    return (
        f'<article id="{operation.id}"><h3><b>{operation.method}</b>'
        f"<code>{escape(prefix + operation.path)}</code></h3>"
        f"<p>{escape(operation.summary)}. {_prose(operation.text)}</p>"
        f"<pre>{escape(command)}</pre><ul>{rows}</ul></article>"
    )


def _prose(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


_HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": (
        f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-cache",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

__all__ = ["DocsPage"]
