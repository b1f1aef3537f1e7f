"""Random numbers that depend on a seed and a name only: not on order, sharding or workers."""

import hashlib


def draw(seed: int, *names: str | int) -> int:
    """Returns 128 random bits.

    Args:
        seed: Of the pairing.
        names: What the number is drawn for, such as a case and the index of its image.
    """
    text = ":".join(str(part) for part in (seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
