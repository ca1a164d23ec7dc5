"""Durable work over any store."""
