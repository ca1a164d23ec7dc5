"""The seams, one per file. Each docstring is the whole contract for implementers."""
