"""Linkers, the desk, and attacks on them."""
