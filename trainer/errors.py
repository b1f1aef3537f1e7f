"""The exceptions that stand for a user's mistake."""


class UserError(Exception):
    """What is wrong, where (file, row, field or flag), and what to do; one line, no traceback."""


class DivergedError(UserError):
    """A training's loss is not a number any more; other settings may do better."""
