"""Telling somebody of a run, durably: protocol callbacks that are bound to a run's journal."""
