"""What is particular to our task runner."""
