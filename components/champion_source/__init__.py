"""Takes the champion out of the registry, for a comparison."""
