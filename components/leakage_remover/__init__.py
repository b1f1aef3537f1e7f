"""Leaves out the cases that the leakage check found in an earlier split."""
