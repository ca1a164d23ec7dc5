"""Sessions: finding them, and who may use one next."""
