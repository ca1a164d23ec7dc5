"""What an operator reads who did not install the form parser."""

import subprocess
import sys

SCRIPT = """
import asyncio, sys
sys.modules["python_multipart"] = None
from starlette.requests import Request
from agent_host.errors import MissingExtraError
from agent_host_rest import RestConfig
from agent_host_rest.upload import read_upload
request = Request({"type": "http", "headers": [(b"content-type", b"multipart/form-data")]})
try:
    asyncio.run(read_upload(request, config=RestConfig()))
except MissingExtraError as error:
    print(error)
"""


def test_without_the_parser_the_channel_works_and_an_upload_names_the_extra() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=30
    )
    assert "pip install 'agent-host-server[rest]'" in ran.stdout
