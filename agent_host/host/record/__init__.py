"""Typed repositories over the store. They build writes and read records; they decide nothing."""
