"""Hands the package's schema of a case to the pipeline."""
