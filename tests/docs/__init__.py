"""The documents are true: what they show is run, and what they name is there."""
