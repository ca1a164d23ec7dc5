"""Answers and messages on their way to where nobody waits: planned, sent, accounted for."""
