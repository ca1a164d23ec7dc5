"""Tests of `agent_host.workflows`."""
