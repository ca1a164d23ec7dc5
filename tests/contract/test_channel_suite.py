"""The suite fails where a channel breaks the contract: without that its passing says nothing."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FAILED = re.compile(r"^FAILED \S+::(\w+)::(\w+)", re.MULTILINE)

EXPECTED = {
    ("TestAuthorizerIsNotAsked", "test_nothing_is_done_that_the_authorizer_does_not_allow"),
    ("TestAuthorizerIsNotAsked", "test_nothing_is_done_for_whom_the_list_denies"),
    ("TestAuthorizerIsNotAsked", "test_one_who_is_listed_is_let_in_and_no_other"),
    (
        "TestAuthorizerIsNotAsked",
        "test_who_has_not_linked_is_not_let_in_where_a_link_is_required",
    ),
    ("TestEverythingIsPublic", "test_nothing_is_done_that_the_authorizer_does_not_allow"),
    ("TestEverythingIsPublic", "test_what_is_public_reaches_nothing"),
    ("TestSignatureIsNotVerified", "test_what_is_not_signed_gets_nowhere"),
    ("TestCareless", "test_a_body_that_makes_no_sense_is_no_failure"),
    ("TestCareless", "test_a_failure_says_nothing_of_its_cause"),
    ("TestCareless", "test_it_remembers_within_a_session_and_not_beyond"),
    ("TestCareless", "test_people_never_meet_in_a_session"),
}


def test_each_fault_is_found_and_nothing_else() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no"]
    done = subprocess.run(
        [*command, str(Path(__file__).with_name("broken_channel.py"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert set(FAILED.findall(done.stdout)) == EXPECTED, done.stdout + done.stderr
