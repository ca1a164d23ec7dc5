"""The values and their rules."""
