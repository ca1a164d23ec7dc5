"""Commands: those of the host and of the app, and the desk where they are answered."""
