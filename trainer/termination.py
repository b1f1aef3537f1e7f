"""SIGTERM, the notice before a machine is taken away."""

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

logger = logging.getLogger("micle.termination")


class Termination:
    """Whether SIGTERM has come.

    Attributes:
        requested: Set by the signal; the training then saves a checkpoint and stops.
    """

    def __init__(self) -> None:
        self.requested = False

    def note(self, _signal: int, _frame: FrameType | None) -> None:
        """Takes the signal."""
        self.requested = True


@contextmanager
def awaiting_termination() -> Iterator[Termination]:
    """Holds back SIGTERM until the block is left, then lets it do what it would have done.

    Outside the main thread, where Python takes no signals, nothing is held back.
    """
    termination = Termination()
    if threading.current_thread() is not threading.main_thread():
        yield termination
        return
    previous = signal.signal(signal.SIGTERM, termination.note)
    try:
        yield termination
    finally:
        signal.signal(signal.SIGTERM, previous)
    if termination.requested:
        logger.info("SIGTERM: a checkpoint is saved; stopping")
        signal.raise_signal(signal.SIGTERM)
        if previous is signal.SIG_DFL:
            # The first process of a container: Linux spares it a signal that it has no handler of.
            raise SystemExit(128 + signal.SIGTERM)
