"""A served host that is killed at every step between an event and its answers, and the count."""
