"""Links by a sign-in at a provider, in a browser: whatever is the same for all providers."""
