"""Telemetry: spans, counts, events and log lines, and what must never be in them."""
