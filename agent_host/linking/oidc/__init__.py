"""Sign-in at any OpenID Connect provider, found by discovery, and at GitHub, which is OAuth."""
