"""Accept before acknowledging: what a platform brings is stored before it is told so."""
