"""Put one agent or workflow on every surface people use."""
