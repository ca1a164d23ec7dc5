"""Workflows we ship as targets."""

from agent_host.workflows.step import Step, StepContext
from agent_host.workflows.workflow import Workflow

__all__ = ["Step", "StepContext", "Workflow"]
