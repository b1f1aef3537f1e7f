"""Contracts as data: the schema of a case example, its feature names, the report's JSON schema."""
