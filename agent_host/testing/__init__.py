"""Contract kits and fixtures for authors of channels, stores and targets."""
