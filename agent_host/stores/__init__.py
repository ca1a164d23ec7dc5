"""Backends of the `StateStore` seam."""
