"""A real model behind pydantic-ai, hosted by the same command as any other target.

    pip install 'agent-host-server[rest,openai]'
    OPENAI_API_KEY=... agent-host run examples/real_model.py:agent

`OPENAI_BASE_URL` names any server that speaks OpenAI's chat completions, one on your own machine
too; such a server may need no key. `OPENAI_MODEL` names the model.
"""

import os
from datetime import UTC, datetime

from agent_host.errors import ConfigurationError, MissingExtraError

try:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
except ImportError as error:
    raise MissingExtraError("openai", "A real model") from error

MODEL = os.environ.get("OPENAI_MODEL", "gpt-5-mini")

if not (os.environ.get("OPENAI_API_KEY") or os.environ.get("OPENAI_BASE_URL")):
    raise ConfigurationError(
        "Set OPENAI_API_KEY to a key of OpenAI's, or OPENAI_BASE_URL to a server that speaks its "
        "chat completions, such as http://127.0.0.1:11434/v1"
    )

agent = Agent(
    OpenAIChatModel(MODEL),
    name="assistant",
    instructions="Answer in plain words, and briefly.",
)


@agent.tool_plain
def today() -> str:
    """The date of today, in UTC."""
    return datetime.now(UTC).date().isoformat()
