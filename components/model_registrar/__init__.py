"""Records a judged candidate in the registry and promotes it if nobody has to be asked."""
