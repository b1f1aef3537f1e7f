"""Images of each site, drawn evenly, and what they look like."""

import base64
import hashlib
import heapq
import io
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageMode, ImageOps, TiffImagePlugin

from components.case_example_gen.image_bytes import read_image_file
from components.case_example_gen.images import BadImageError, open_image, standardise_and_measure
from components.case_example_gen.manifest import ManifestRow

INTENSITY_BINS = 64
THUMBNAIL_SIDE = 112
_PNG_BITS = 24
"""Where a PNG's header, which is its first chunk, has the bits of a value."""

Located = tuple[Path, ManifestRow]
"""A row, and the folder that its image's path is relative to."""


@dataclass(frozen=True)
class ImageLook:
    """One image that could be decoded.

    Attributes:
        width: Pixels.
        height: Pixels.
        mode: Of the file as it lies, in Pillow's words: `L`, `RGB`, `CMYK`; `I` is deeper grey.
        bits: Of each of its values.
        mean: Of the grey values, 0 black to 1 white.
        contrast: Their standard deviation.
        histogram: float64 [bins], shares of grey values from black to white; sums to 1.
        thumbnail: A small JPEG.
    """

    width: int
    height: int
    mode: str
    bits: int
    mean: float
    contrast: float
    histogram: npt.NDArray[np.float64]
    thumbnail: bytes


@dataclass
class SiteImages:
    """The sampled images of one site.

    Attributes:
        looks: Those that could be decoded.
        bad: How many could not, by reason.
    """

    looks: list[ImageLook] = field(default_factory=list)
    bad: Counter[str] = field(default_factory=Counter)

    @property
    def histogram(self) -> npt.NDArray[np.float64] | None:
        """float64 [bins], the mean over images; None without any."""
        if not self.looks:
            return None
        mean: npt.NDArray[np.float64] = np.mean([look.histogram for look in self.looks], axis=0)
        return mean

    @property
    def sizes(self) -> Counter[tuple[int, int]]:
        """Images by width and height."""
        return Counter((look.width, look.height) for look in self.looks)

    @property
    def modes(self) -> Counter[tuple[str, int]]:
        """Images by mode and bits of the files, most of which ingestion brings to 8 bits."""
        return Counter((look.mode, look.bits) for look in self.looks)

    def data_uris(self, count: int) -> list[str]:
        """Returns the first thumbnails for a page."""
        return [
            "data:image/jpeg;base64," + base64.b64encode(look.thumbnail).decode()
            for look in self.looks[:count]
        ]


def sample_rows(rows: Iterable[Located], per_site: int) -> dict[str, list[Located]]:
    """Draws rows of each site by a hash of the image's path: the same ones every time.

    Memory grows with the sample, not with the number of rows.
    """
    heaps: defaultdict[str, list[tuple[int, int, Located]]] = defaultdict(list)
    for number, (folder, row) in enumerate(rows):
        digest = hashlib.blake2b(row.image.encode(), digest_size=8).digest()
        # The largest draws are pushed out; the number keeps rows from being compared.
        entry = (-int.from_bytes(digest, "big"), number, (folder, row))
        heap = heaps[row.site]
        if len(heap) < per_site:
            heapq.heappush(heap, entry)
        else:
            heapq.heappushpop(heap, entry)
    return {
        site: [located for _, _, located in sorted(heap, reverse=True)]
        for site, heap in heaps.items()
    }


def look_at_images(sample: dict[str, list[Located]]) -> dict[str, SiteImages]:
    """Decodes the sampled images."""
    sites = {}
    with ThreadPoolExecutor() as pool:
        for site, located in sample.items():
            images = sites[site] = SiteImages()
            for look in pool.map(_look, located):
                if isinstance(look, str):
                    images.bad[look] += 1
                else:
                    images.looks.append(look)
    return sites


def _look(located: Located) -> ImageLook | str:
    """Returns what an image looks like, or why the run would leave it out."""
    folder, row = located
    try:
        encoded = read_image_file(folder / row.image)
        measured = standardise_and_measure(encoded)
    except OSError:
        return "file is missing"
    except BadImageError as error:
        return error.reason
    mode, bits = mode_and_bits(encoded)
    with Image.open(io.BytesIO(measured.encoded)) as image:
        grey = np.asarray(image.convert("L"))
        histogram = np.bincount(grey.ravel() // (256 // INTENSITY_BINS), minlength=INTENSITY_BINS)
        small = ImageOps.contain(image.convert("RGB"), (THUMBNAIL_SIDE, THUMBNAIL_SIDE))
        thumbnail = io.BytesIO()
        small.save(thumbnail, "JPEG", quality=80)
        return ImageLook(
            image.width,
            image.height,
            mode,
            bits,
            measured.mean,
            measured.contrast,
            histogram / grey.size,
            thumbnail.getvalue(),
        )


def mode_and_bits(encoded: bytes) -> tuple[str, int]:
    """Returns the mode of an image as its file has it, and the bits of each value.

    Pillow opens colours of 16 bits as if they had 8, so PNG and TIFF are asked themselves.
    """
    with open_image(encoded) as image:
        mode = image.mode.partition(";")[0]
        if image.format == "PNG":
            return mode, encoded[_PNG_BITS]
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            return mode, int(image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))[0])
        return mode, 1 if mode == "1" else 8 * np.dtype(
            ImageMode.getmode(image.mode).typestr
        ).itemsize
