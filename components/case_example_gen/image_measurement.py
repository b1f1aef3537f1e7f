"""What the check of an image leaves behind, so that writing it need not decode it again."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ImageMeasurement:
    """How bright an image is whose compressed data are written as they were read.

    Attributes:
        digest: SHA-256 of its file's bytes, metadata included.
        has_metadata: Whether the file holds more than what is written.
        mean: Of the grey values, 0 black to 1 white.
        contrast: Their standard deviation.
    """

    digest: bytes
    has_metadata: bool
    mean: float
    contrast: float
