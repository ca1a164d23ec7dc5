"""A conversation is linked with an account at GitHub, by its number and not by its name."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import NamedTuple

import httpx
import pytest
from pydantic import SecretStr

from agent_host.errors import ConfigurationError
from agent_host.linking.oidc.github import GitHubClient, GitHubProvider
from agent_host.linking.option import LinkOptions
from agent_host.linking.web.web_linker import WebLinker
from tests.linking.browser import EDGE, POLICY, PUBLIC, Browser, Rerouted
from tests.linking.github import URL, GitHub
from tests.linking.hosting import Linking, linking


class Made(NamedTuple):
    made: Linking
    github: GitHub
    browser: Browser


@asynccontextmanager
async def signing_in(known_as: str = "shh") -> AsyncGenerator[Made]:
    github = GitHub()
    client = GitHubClient(client_id="Iv1.x", client_secret=SecretStr(known_as))
    linker = WebLinker(GitHubProvider(client, http=github.client()), POLICY)
    async with linking(LinkOptions(linkers=[linker]), edge=EDGE) as made:
        browser = Browser(made.url)
        await browser.http.aclose()
        mounts: dict[str, httpx.AsyncBaseTransport | None] = {
            URL: httpx.ASGITransport(github.app),
            PUBLIC: Rerouted(made.url),
        }
        async with httpx.AsyncClient(mounts=mounts, timeout=20) as browser.http:
            yield Made(made, github, browser)


async def test_an_account_is_its_number_and_names_change_hands() -> None:
    async with signing_in() as (made, github, browser):
        phone, laptop, other = (made.speaker(name) for name in ("phone", "laptop", "other"))
        await phone.says("one")
        url = (await phone.begins())["url"]
        page = await browser.come_back(await browser.sign_in(url))
        assert "GitHub: octocat" in page.text
        await phone.confirms(await browser.links((await phone.begins())["url"]))
        github.user = {"id": 583231, "login": "renamed"}
        await laptop.confirms(await browser.links((await laptop.begins())["url"]))
        assert await laptop.says("two") == "one | two"
        github.user = {"id": 999, "login": "octocat"}  # somebody took the name
        await other.confirms(await browser.links((await other.begins())["url"]))
        assert await other.says("three") == "three"


@pytest.mark.parametrize(
    "user",
    [
        {},
        [],
        {"id": "583231", "login": "x"},
        {"id": True, "login": "x"},
        {"id": 0, "login": "x"},
        {"id": 7},
    ],
)
async def test_an_answer_without_a_number_links_nobody(user: object) -> None:
    async with signing_in() as (made, github, browser):
        github.user = user
        phone = made.speaker("phone")
        page = await browser.come_back(await browser.sign_in((await phone.begins())["url"]))
        assert page.status_code == 400


async def test_an_error_with_status_200_is_an_error() -> None:
    async with signing_in(known_as="wrong") as (made, _, browser):
        phone = made.speaker("phone")
        page = await browser.come_back(await browser.sign_in((await phone.begins())["url"]))
        assert page.status_code == 400


def test_a_client_with_which_nobody_could_sign_in_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="client_id"):
        GitHubClient(client_id="", client_secret=SecretStr("x"))
    with pytest.raises(ConfigurationError, match="issuer"):
        GitHubClient(client_id="x", client_secret=SecretStr("x"), url="http://ghe.example")
