"""Lists that allow, deny and abstain."""
