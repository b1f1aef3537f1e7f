"""Finds near-duplicate images across splits, sites and patients."""
