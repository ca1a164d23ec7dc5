"""From what the host gives to the wire. Pure."""

from http import HTTPStatus

from agent_host.errors import RunFailedError
from agent_host.types import Acceptance, HostedResult, RunStatus
from agent_host.wire.json_text import json_bytes
from agent_host_webhook.schema import Accepted, Answered, Ignored


def from_acceptance(acceptance: Acceptance) -> tuple[bytes, int]:
    """202: it will be worked on, whatever happens to this process."""
    body = Accepted(id=acceptance.event_id, duplicate=acceptance.is_duplicate)
    return json_bytes(body), HTTPStatus.ACCEPTED


def from_ignored() -> tuple[bytes, int]:
    """200: it need not be sent again."""
    return json_bytes(Ignored(ignored=True)), HTTPStatus.OK


def from_result(hosted: HostedResult) -> tuple[bytes, int]:
    """200 with the answer.

    Raises:
        RunFailedError: there is none: the run failed, was cancelled, or asks something that this
            sender has no way to answer.
    """
    run = hosted.run
    if run.status is RunStatus.COMPLETED and hosted.result is not None:
        body = Answered(run_id=run.id, output_text=hosted.result.text)
        return json_bytes(body), HTTPStatus.OK
    if run.failure is not None:
        raise RunFailedError(
            run.failure.message,
            code=run.failure.code,
            run_id=run.id,
            retryable=run.failure.retryable,
        )
    code = "rejected" if run.status is RunStatus.INPUT_REQUIRED else "cancelled"
    message = "The agent has a question, which this endpoint has no way to answer."
    if run.status is RunStatus.CANCELLED:
        message = "The run was cancelled."
    raise RunFailedError(message, code=code, run_id=run.id)


__all__ = ["from_acceptance", "from_ignored", "from_result"]
