"""Settings of the property-based tests."""

from hypothesis import settings

# A loaded machine is no failure, and an example that failed belongs into a test.
settings.register_profile("repeatable", deadline=None, database=None, derandomize=True)
settings.load_profile("repeatable")
