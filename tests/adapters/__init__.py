"""Tests of `agent_host.adapters`."""
