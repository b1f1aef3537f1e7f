"""What `micle validate` finds wrong with a configuration and its data, before any training."""
