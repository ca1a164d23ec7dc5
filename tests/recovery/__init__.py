"""Runs that a crash interrupted, and what becomes of them."""
