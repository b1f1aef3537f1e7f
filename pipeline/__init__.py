"""Configuration, the pipeline graph, its runners, and the `micle` command."""
