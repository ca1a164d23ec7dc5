"""What channels share of their wire."""
