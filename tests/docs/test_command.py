"""What the documents tell to type: `bash` is run, `sh` names commands that exist."""

import random
import re
import shlex
import shutil
import socket
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec

import httpx
import pytest

from agent_host.cli.parser import build_parser
from tests.docs.page import PAGES, README, ROOT, Page
from tests.docs.served import clean_environment

needs_a_shell = pytest.mark.skipif(
    None in {shutil.which("bash"), shutil.which("curl")}, reason="there is no bash or no curl"
)
WRITTEN_URL = "http://127.0.0.1:8080"
WRITTEN_PORTS = ("8090", "8091")
MARK = "=== block "
TOUR = (
    (r"target is what answers", r"^— \[1\] docs/\S+\.md"),
    (r"^— \[2\] \S+\.md",),
    (r"^event: text_delta", r"^event: run_completed", r"The journal of"),
    (r'"id":"run_', r"id: 3", r"event: run_completed"),
    (r"HTTP/1.1 409", r'"code":"not_cancellable"'),
    (r'"next_cursor"', r"How do I write a target\?", r'"id":"ses_'),
    (r'"openapi":"3\.1', r"/invocations/\{"),
    (r'"protocolBinding":"JSONRPC"', r"TASK_STATE_COMPLETED|ROLE_AGENT", r"target is what answers"),
    (r"target is what answers",),
    (r'"attempt":1', r'"attempt":2', r"^event: run_completed", r"^1 2 3 4 5 Still here\.$"),
    (r"^401\n200\nRevoked 'laptop'", r"401$"),
)
"""What each block of the README's tour must show, in order."""
DELIVERY = Page(path="docs/operations/delivery.md")
DELIVERIES = (
    (),
    (
        r'"agent_host\.delivery": \{',
        r'"channel": "phone"',
        r'"skipped": \[\]',
        r"^dlv_\w+ +accepted +phone +2 +- ",
        r"^dlv_\w+ +dead +desk +1 +http_410 ",
    ),
    (
        r"^status +dead$[^=]+^replays +0$[^=]+^1 +reply .+ permanent +http_410$",
        r"^status +accepted$[^=]+^replays +1$[^=]+^1 +reply .+ http_410$\n^2 +reply .+ - +-$",
        r"^dlv_\w+ +accepted +desk +2 +- ",
    ),
)
"""The same of the page about deliveries, whose commands also wait for what they tell of."""


def free_ports() -> Iterator[int]:
    """Those that nobody has now, for servers that a page starts itself, and that no server gets
    which lets the system choose: those are higher, by Linux's default.
    """
    for port in random.sample(range(15_000, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port


def run_blocks(page: Page, url: str) -> Sequence[str]:
    """Run all of a page's blocks in one shell, as a reader would; what each has written."""
    ports = dict(zip(WRITTEN_PORTS, map(str, free_ports()), strict=False))
    script = ["set -euo pipefail"]
    for block in page.blocks("bash"):
        code = block.code.replace(WRITTEN_URL, url)
        for written, port in ports.items():
            code = code.replace(written, port)
        script += [f"printf '\\n{MARK}%s\\n' {block.line}", code]
    done = subprocess.run(
        ["/usr/bin/env", "bash", "-c", "\n".join(script)],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, f"{page}\n{done.stdout}\n{done.stderr}"
    return done.stdout.split(f"\n{MARK}")[1:]


@pytest.fixture(scope="module")
def tour(default_host: str) -> Sequence[str]:
    """What the README's blocks wrote. They take some seconds, so they are run once."""
    return run_blocks(README, default_host)


@needs_a_shell
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.blocks("bash") and page not in {README, DELIVERY}],
    ids=str,
)
def test_commands_work_against_make_run(page: Page, default_host: str) -> None:
    outputs = run_blocks(page, default_host)
    assert len(outputs) == len(page.blocks("bash"))


@needs_a_shell
def test_the_tour_shows_what_it_says(tour: Sequence[str]) -> None:
    assert len(README.blocks("bash")) == len(TOUR)
    check_shown(tour, TOUR)


@needs_a_shell
def test_a_dead_letter_is_seen_and_replayed_as_its_page_says(default_host: str) -> None:
    assert len(DELIVERY.blocks("bash")) == len(DELIVERIES)
    check_shown(run_blocks(DELIVERY, default_host), DELIVERIES)


def check_shown(outputs: Sequence[str], shown: Sequence[Sequence[str]]) -> None:
    for output, patterns in zip(outputs, shown, strict=True):
        for pattern in patterns:
            assert re.search(pattern, output, re.MULTILINE), f"no {pattern!r} in:\n{output}"


@needs_a_shell
def test_the_streams_of_the_tour_have_no_gaps(tour: Sequence[str]) -> None:
    whole, resumed = (
        [int(number) for number in re.findall(r"^id: (\d+)$", output, re.MULTILINE)]
        for output in tour[2:4]
    )
    assert whole == [*range(len(whole))]
    assert resumed == [*range(3, 3 + len(resumed))]


def test_the_page_for_browsers_is_there(default_host: str) -> None:
    page = httpx.get(f"{default_host}/docs")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")


def commands() -> Iterator[tuple[str, list[str]]]:
    """Every command in a block that is not run, without the variables before it."""
    for page in PAGES:
        for block in page.blocks("sh"):
            for line in block.code.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                    words.pop(0)
                if words:
                    yield f"{page}: {line.strip()}", words


@pytest.mark.parametrize(("label", "words"), [pytest.param(*one, id=one[0]) for one in commands()])
def test_commands_that_are_not_run_exist(label: str, words: list[str]) -> None:
    if words[0] == "agent-host":
        assert build_parser().parse_args(words[1:]).module, label
    elif words[0] == "make":
        assert f"\n{words[1]}:" in (ROOT / "Makefile").read_text("utf-8"), label
    elif words[:2] == ["python", "-m"]:
        assert find_spec(words[2]) is not None, label
    else:
        known = {"curl", "granian", "pip", "sudo", "uvicorn", ".venv/bin/pip"}
        assert words[0] in known, f"{label}: nobody checks it"


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_extras_exist(page: Page) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = re.findall(r"(?:agent-host-server|'\.)\[([\w,-]+)\]", page.text)
    missing = {one for names in named for one in names.split(",")}
    assert missing <= set(project["optional-dependencies"])
