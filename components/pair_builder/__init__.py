"""Pairs different images of one case for MICLe."""
