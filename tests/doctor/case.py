"""What the doctor's tests share: a situation by a few words, and what a check says of it."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel

from agent_host.doctor.finding import Finding, Status
from agent_host.doctor.listener import Listener, Tenant
from agent_host.doctor.situation import Situation, Wishes
from agent_host.settings import LoadedSettings, Settings, list_options
from agent_host.system import SystemClock
from agent_host_rest import RestConfig

NOBODY = Listener(address="127.0.0.1", port=8080, tenant=Tenant.NOBODY)


def situation(
    *,
    channels: Mapping[str, BaseModel] | None = None,
    origins: Mapping[tuple[str, ...], str] | None = None,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    wishes: Wishes | None = None,
    public: bool = False,
    proof: bool = False,
    listener: Listener = NOBODY,
    **settings: Any,
) -> Situation:
    """`settings` are tables, as the TOML file has them."""
    configs: Mapping[str, BaseModel] = {"rest": RestConfig()} if channels is None else channels
    return Situation(
        loaded=LoadedSettings(
            settings=Settings.model_validate(settings),
            channels=configs,
            options=list_options({name: type(config) for name, config in configs.items()}),
            origins=origins or {},
            file=file,
        ),
        environ=environ or {},
        clock=SystemClock(),
        wishes=wishes or Wishes(),
        is_public=public,
        asks_proof=proof,
        listener=listener,
    )


def said(findings: Iterable[Finding]) -> str:
    """`status: text` of each finding, a line each."""
    return "\n".join(f"{finding.status.value}: {finding}" for finding in findings)


def statuses(findings: Iterable[Finding]) -> list[Status]:
    return [finding.status for finding in findings]


class Usage(NamedTuple):
    """What `shutil.disk_usage` says, as far as it is looked at."""

    free: int


def always(value: object) -> Callable[[object], object]:
    """A stand-in for a function of one argument."""

    def say(argument: object) -> object:
        return value

    return say


__all__ = ["NOBODY", "Usage", "always", "said", "situation", "statuses"]
