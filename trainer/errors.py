"""The one exception that stands for a user's mistake."""


class UserError(Exception):
    """What is wrong, where (file, row, field or flag), and what to do; one line, no traceback."""
