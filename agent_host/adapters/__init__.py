"""One file per kind of object that can be hosted."""
