"""Readers of published image collections, as they lie on disk; each yields manifest rows."""
