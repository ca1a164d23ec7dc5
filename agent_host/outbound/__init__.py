"""The guarded way out: requests to places that somebody outside has named."""
