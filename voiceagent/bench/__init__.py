"""Measured comparisons and counts, each one command that anyone can run again."""
