"""Tests of `agent_host.calling`."""
