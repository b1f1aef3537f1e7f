"""So many images of a group that is too large to compare, some of each side that may leak."""

import hashlib
import heapq

from components.leakage_check.near_duplicates import ImageRecord

_Kind = tuple[str, int]
"""Data set and rank of the split."""


class GroupSample:
    """Holds at most so many images of each kind, so that a group of millions is never held."""

    def __init__(self, most: int) -> None:
        """Takes the number of images that may be compared."""
        self._most = most
        self._heaps: dict[_Kind, list[tuple[int, ImageRecord]]] = {}
        self.size = 0
        """Images added."""

    def add(self, image: ImageRecord) -> None:
        """Adds an image; which of too many stay is drawn by a hash, not by order."""
        self.size += 1
        heap = self._heaps.setdefault((image.data_set, image.rank), [])
        entry = (-_draw(image), image)
        if len(heap) < self._most:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)

    def images(self) -> list[ImageRecord]:
        """Returns the sample: of each kind as many as the others leave room for."""
        chosen: list[ImageRecord] = []
        smallest_first = sorted(self._heaps.values(), key=len)
        for position, heap in enumerate(smallest_first):
            room = (self._most - len(chosen)) // (len(smallest_first) - position)
            chosen.extend(image for _, image in heapq.nlargest(max(room, 1), heap))
        return chosen


def _draw(image: ImageRecord) -> int:
    name = f"{image.data_set}:{image.case}:{image.number}".encode()
    return int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big")
