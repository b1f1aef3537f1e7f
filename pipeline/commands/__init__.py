"""What each `micle` command does."""
