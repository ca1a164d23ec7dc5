"""Runs: one execution primitive, one journal, one state machine."""
