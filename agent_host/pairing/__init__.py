"""Whoever a locked channel does not know is shown a code, and let in by an operator."""
