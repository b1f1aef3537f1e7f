"""Writes the report that clinicians read."""
