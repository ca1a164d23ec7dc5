"""Everything that is kept of one person: found, handed out, and erased."""
