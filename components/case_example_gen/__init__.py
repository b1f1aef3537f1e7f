"""Reads a manifest of images into case examples, split by patient."""
