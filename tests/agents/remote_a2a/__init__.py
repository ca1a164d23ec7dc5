"""An agent elsewhere as the target."""
