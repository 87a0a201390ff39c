"""A report in words, for a terminal, and as data."""
