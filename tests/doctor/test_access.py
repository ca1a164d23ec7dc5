"""Who gets in: settings that contradict, key files that are not safe, and keys that are too old."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent_host.authentication.api_key import ApiKey
from agent_host.authentication.api_key_book import ApiKeyBook, KeyWish
from agent_host.authentication.api_key_file import ApiKeyFile
from agent_host.doctor.access import check_access, check_keys, judge
from tests.doctor.case import said, situation

KEYS = Path(".agent-host/keys.json")
NOW = datetime(2026, 6, 1, tzinfo=UTC)


def make_key(**wish: Any) -> None:
    named: dict[str, Any] = {"name": "one"} | wish
    ApiKeyBook(ApiKeyFile(KEYS)).create(KeyWish(**named))


def key(**members: Any) -> ApiKey:
    known: dict[str, Any] = {
        "id": "k1",
        "digest": "0" * 64,
        "name": "secret name",
        "subject": "s",
        "tenant": "t",
        "scopes": frozenset({"call"}),
        "created_at": NOW - timedelta(days=10),
    }
    return ApiKey(**known | members)


def judged(*keys: ApiKey, only_way: bool = True) -> str:
    return said(judge(keys, now=NOW, only_way=only_way))


def test_what_contradicts_itself_is_a_problem() -> None:
    assert said(check_access(situation())).startswith("ok: Nobody has to prove")
    assert said(check_access(situation(proof=True))).startswith("ok: Callers have to prove")
    lines = said(check_access(situation(access={"jwt": {"audience": ["me"]}})))
    assert lines.startswith("problem")
    assert "access.jwt.issuer" in lines


@pytest.mark.parametrize(
    "wrong",
    [
        {"audience": []},
        {"issuer": "http://id.example"},
        {"algorithms": ["HS256"]},
        {"algorithms": ["none"]},
        {"jwks_url": "http://id.example/keys"},
    ],
)
def test_tokens_that_anybody_could_make_are_a_problem(wrong: dict[str, Any]) -> None:
    rules = {"issuer": "https://id.example", "audience": ["me"]} | wrong
    lines = said(check_access(situation(access={"jwt": rules}, proof=True)))
    assert lines.startswith("problem: `access.jwt.")


def test_a_host_that_everybody_administers_is_worth_a_word() -> None:
    lines = said(check_access(situation(access={"anonymous_admin": True})))
    assert lines.startswith("warning: Whoever reaches the port administers")


def test_a_file_that_goes_missing_must_not_open_the_door() -> None:
    behind = {"trusted_proxies": ["10.0.0.7"]}
    assert said(check_access(situation(proof=True, server=behind))).startswith("warning: Keys are")
    make_key()
    kept = situation(proof=True, server=behind, access={"api_keys": True})
    assert said(check_access(kept)).startswith("ok")


def test_no_file_is_no_key_and_a_problem_where_one_must_be_there() -> None:
    assert said(check_keys(situation())).startswith("skipped")
    assert said(check_keys(situation(access={"api_keys": True}))).startswith("problem")


def test_a_good_file_is_good_and_names_nobody() -> None:
    make_key(name="my laptop")
    lines = said(check_keys(situation()))
    assert lines.startswith("ok: 1 of 1 keys are live: 1 may call, 0 administer")
    assert "laptop" not in lines


@pytest.mark.parametrize(("mode", "status"), [(0o644, "warning"), (0o666, "problem")])
def test_a_file_that_is_open_to_others_is_found(mode: int, status: str) -> None:
    make_key()
    KEYS.chmod(mode)
    lines = said(check_keys(situation()))
    assert lines.startswith(status)
    assert "chmod 600" in lines


def test_damaged_and_newer_files_are_a_problem() -> None:
    make_key()
    KEYS.write_text("{}")
    assert "damaged" in said(check_keys(situation()))
    KEYS.write_text(json.dumps({"format": "api_keys", "version": 99, "keys": []}))
    assert said(check_keys(situation())).startswith("problem")


def test_keys_that_nobody_can_use_are_a_problem() -> None:
    revoked, expired = key(revoked_at=NOW), key(id="k2", expires_at=NOW - timedelta(days=1))
    admin = key(scopes=frozenset({"admin"}))
    assert judged(revoked, expired).startswith("problem: Of 2 keys none is live")
    assert judged(admin).startswith("problem")
    assert judged(admin, only_way=False) == ""
    assert judged(key(), expired) == (
        "ok: 1 of 2 keys are live: 1 may call, 0 administer; 1 have expired."
    )


def test_old_ending_and_early_keys_are_worth_a_word() -> None:
    old = judged(key(created_at=NOW - timedelta(days=366)))
    assert old.startswith("warning: Made more than a year ago, and never to expire: k1")
    assert "secret name" not in old
    assert judged(key(expires_at=NOW + timedelta(days=13))).startswith("warning: Expires within")
    assert judged(key(created_at=NOW + timedelta(days=1))).startswith("warning: Made in the future")
    lasting = key(created_at=NOW - timedelta(days=400), expires_at=NOW + timedelta(days=30))
    assert judged(lasting).startswith("ok")


def test_metrics_need_somebody_who_may_read_them() -> None:
    make_key()
    measured: dict[str, Any] = {"telemetry": {"enabled": True, "metrics_route": True}}
    assert "nobody can read it" in said(check_keys(situation(**measured)))
    make_key(name="ops", scopes=frozenset({"admin"}))
    assert "nobody can read it" not in said(check_keys(situation(**measured)))
