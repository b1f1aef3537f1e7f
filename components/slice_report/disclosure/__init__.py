"""Keeps small counts out of a report, and what would give them away."""
