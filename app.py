import asyncio
from agent_host.adapters.function import target
@target(name="x", rerunnable=True)
async def agent(text: str) -> str:
    await asyncio.sleep(5 if text == "slow" else 0)
    return text
