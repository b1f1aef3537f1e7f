"""The preprocessing function of the standard Transform component."""
