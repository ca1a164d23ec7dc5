"""The `agent-host` command."""
