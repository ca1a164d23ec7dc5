"""Telemetry and events: what the host reports of itself, over its own seams."""
