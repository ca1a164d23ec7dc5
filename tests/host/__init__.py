"""The engine, driven through the context that channels get."""
