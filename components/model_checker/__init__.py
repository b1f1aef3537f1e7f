"""Checks that a model can be served: loads, agrees with what was evaluated, is fast and small."""
