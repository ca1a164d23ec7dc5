"""Makes the turn a target gets, through the app's `run_hook` where there is one."""

import inspect
import logging
from collections.abc import Callable
from dataclasses import replace

from pydantic import ValidationError

from agent_host.errors import HostError, InvalidInputError, RunFailedError
from agent_host.host.record.request_record import StoredRequest
from agent_host.protocols.behavior import RunHook
from agent_host.types.checkpoint import Checkpoints
from agent_host.types.principal import Owner
from agent_host.types.question import Answer
from agent_host.types.quick_init import maker
from agent_host.types.session import Session, SessionHistory
from agent_host.types.turn import Turn

logger = logging.getLogger(__name__)


class TurnMaker:
    """One per host."""

    def __init__(
        self, hook: RunHook | None, *, checkpoints: Callable[[Owner], Checkpoints] | None = None
    ) -> None:
        self._hook = hook
        self._checkpoints = checkpoints

    @property
    def asks_app(self) -> bool:
        """Whether code of the app is called to make a turn."""
        return self._hook is not None

    async def make(
        self,
        stored: StoredRequest,
        *,
        session: Session | None,
        is_new: bool,
        answer: Answer | None = None,
        attempt: int = 1,
    ) -> Turn:
        """The turn; its history is filled in when the session is ours, unless it is new.

        Raises:
            InvalidInputError: the hook found the input wrong.
            RunFailedError: the hook itself failed; its text is in the log.
        """
        request = stored.request
        turn = _make_turn(
            run_id=stored.run_id,
            messages=request.input,
            input=request.input,
            principal=stored.principal,
            owner=stored.owner,
            isolation=stored.isolation,
            history=SessionHistory(session=session, messages=()) if session and is_new else None,
            session_id=None if session is None else session.id,
            conversation=request.caller.conversation,
            options=request.options,
            attributes=request.attributes,
            client_state=request.client_state,
            client_tools=request.client_tools,
            forwarded_props=request.forwarded_props,
            metadata=request.metadata,
            answer=answer,
            attempt=attempt,
            checkpoints=None if self._checkpoints is None else self._checkpoints(stored.owner),
        )
        return turn if self._hook is None else await self._apply(self._hook, turn)

    async def _apply(self, hook: RunHook, turn: Turn) -> Turn:
        try:
            made = hook(turn)
            if inspect.isawaitable(made):
                made = await made
        except HostError:
            raise
        except ValidationError as error:
            problems = tuple(
                (".".join(str(step) for step in found["loc"]) or "input", found["msg"])
                for found in error.errors(include_url=False, include_context=False)
            )
            message = "The input does not have the form this agent asks for."
            raise InvalidInputError(message, problems) from error
        except Exception as error:
            logger.exception("run %s: the run_hook raised", turn.run_id)
            message = "The host could not prepare the request."
            raise RunFailedError(message, code="run_hook", run_id=turn.run_id) from error
        return made if isinstance(made, Turn) else replace(turn, input=made)


_make_turn = maker(Turn)

__all__ = ["TurnMaker"]
