"""Files inside messages: their bytes go to the file store, and records refer to them."""
