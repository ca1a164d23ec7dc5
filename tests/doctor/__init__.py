"""Tests of what `agent-host doctor` looks at."""
