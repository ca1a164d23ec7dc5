"""What a person may see: their own partition, and those that linking brought them."""
