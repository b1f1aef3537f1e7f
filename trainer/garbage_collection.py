"""How often Python looks for objects that only refer to each other.

TensorFlow, Beam and TFX make millions of objects while they are imported, all of which stay. Python
looks through them again and again: half of the time of `from tfx import v1`.
"""

import atexit
import gc

_NEW_OBJECTS = 50_000
"""Between two looks; Python's own number is 700."""


def collect_rarely() -> None:
    """Lets this process look once for 50,000 new objects, and no more when it ends."""
    gc.set_threshold(_NEW_OBJECTS)
    # Else the last thing it does is to look through all of them.
    atexit.register(gc.freeze)
