"""Rewriting existing rows in batches: what a batch is, how fast to go, and the loop."""
