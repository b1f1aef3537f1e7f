"""A registry of models on a plain directory: candidates, signatures, promotions."""
