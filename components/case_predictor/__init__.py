"""Scores every case once with a fine-tuned model."""
