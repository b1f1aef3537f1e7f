"""A registry of models in a folder or a bucket: candidates, signatures, promotions."""
