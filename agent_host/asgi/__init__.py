"""The edge: everything that speaks ASGI or HTTP for the host. Knows no channel, store or target."""
