"""Whose partition it is, and what they may do there."""
