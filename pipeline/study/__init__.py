"""A study: the same network from several starts, on several shares of the labels, side by side."""
