"""The exceptions that stand for a user's mistake, and how to find one below what wraps it."""

import errno
import re
from collections.abc import Iterator

# A Beam worker in another process sends the text of its traceback.
_OF_A_WORKER = re.compile(r"^trainer\.errors\.UserError: (.+?)(?: \[while running .*\])?$", re.M)


class UserError(Exception):
    """What is wrong, where (file, row, field or flag), and what to do; one line, no traceback."""


class DivergedError(UserError):
    """A training's loss is not a number any more; other settings may do better."""


def users_mistake(error: BaseException) -> UserError | None:
    """Returns the user's mistake behind an error (Beam and TFX wrap it in their own), or None."""
    for cause in _causes(error):
        if isinstance(cause, UserError):
            return cause
        if message := _OF_A_WORKER.search(str(cause)):
            return UserError(message[1])
    return None


def is_disk_full(error: BaseException) -> bool:
    """Whether an error, or one behind it, says that no space is left (TensorFlow's are text)."""
    return any(
        (isinstance(cause, OSError) and cause.errno == errno.ENOSPC)
        or "No space left on device" in str(cause)
        for cause in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yields an error, then what it was raised from or while handling, and so on."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
