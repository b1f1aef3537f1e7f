"""Decides whether a model may be promoted."""
