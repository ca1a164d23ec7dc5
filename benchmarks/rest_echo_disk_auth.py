"""`rest_echo` with the store on disk, an API key, and sessions."""

from benchmarks.rest_echo import run_on_disk as run

__all__ = ["run"]
