"""Who is calling, on HTTP channels."""
