"""Who people are to the host, and whether they may come in."""
