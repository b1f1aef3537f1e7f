"""A few images of a data set, as the networks will see them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from components.case_example_gen.image_bytes import read_image_file
from components.case_example_gen.images import BadImageError
from components.case_example_gen.manifest import ManifestRow, read_manifest
from components.case_example_gen.settings import DataSettings
from components.case_example_gen.tensorflow_decoding import decodable_image
from components.pair_builder.pairing import ImageTraits, pairs_by_round
from components.pair_builder.settings import PairSettings
from components.transform.squares import decode_square, encode_square
from trainer.case_records import decode_image
from trainer.errors import UserError


@dataclass(frozen=True)
class ImageReader:
    """Reads images of a manifest as ingestion, Transform and training do, one after the other.

    Attributes:
        manifest: Path of the CSV; image paths in it are relative to its folder.
        image_size: Side of the square images, pixels.
        fit: `pad` or `crop`.
    """

    manifest: Path
    image_size: int
    fit: str

    def read(self, row: ManifestRow) -> np.ndarray | None:
        """Returns uint8 [image_size, image_size, 3]; None if the run would quarantine it."""
        try:
            image = decodable_image(read_image_file(self.manifest.parent / row.image))
        except (OSError, BadImageError):
            return None
        square = decode_square(tf.constant(image.encoded), self.image_size, self.fit)
        pixels: np.ndarray = decode_image(encode_square(square)).numpy()
        return pixels


def sample_images(
    data: DataSettings, reader: ImageReader, count: int, seed: int
) -> list[tuple[np.ndarray, ...]]:
    """Draws cases of the training sites evenly, and one image of each; readable ones only.

    Raises:
        UserError: The manifest cannot be read, or has no such case.
    """
    random = np.random.default_rng(seed)

    def choose(rows: Sequence[ManifestRow]) -> tuple[ManifestRow, ...]:
        return (rows[random.integers(len(rows))],)

    groups = _groups(data, reader.manifest, "case")
    return _read((choose(groups[i]) for i in random.permutation(len(groups))), reader, count)


def sample_pairs(
    data: DataSettings, reader: ImageReader, pairs: PairSettings, count: int, seed: int
) -> list[tuple[np.ndarray, ...]]:
    """Draws cases (or patients) and pairs their images as PairBuilder does.

    The last one shows a single image, SimCLR's pair, if the data hold such a case.

    Raises:
        UserError: The manifest cannot be read, or has no such case.
    """
    random = np.random.default_rng(seed)
    groups = _groups(data, reader.manifest, pairs.pair_scope)
    several, one = [], []
    for index in random.permutation(len(groups)):
        rows = groups[index]
        traits = [ImageTraits(row.view, row.visit) for row in rows]
        first, second = next(pairs_by_round(traits, pairs.pair_rule, 1, seed, str(index)))
        if first == second:
            one.append((rows[first],))
        else:
            several.append((rows[first], rows[second]))
    last = _read(one, reader, 1)
    return _read(several, reader, count - len(last)) + last


def _read(
    chosen: Iterable[tuple[ManifestRow, ...]], reader: ImageReader, count: int
) -> list[tuple[np.ndarray, ...]]:
    """Reads the first groups of which every image can be read, at most `count`."""
    found: list[tuple[np.ndarray, ...]] = []
    for rows in chosen:
        if len(found) == count:
            break
        images = tuple(image for row in rows if (image := reader.read(row)) is not None)
        if len(images) == len(rows):
            found.append(images)
    return found


def _groups(data: DataSettings, manifest: Path, scope: str) -> list[list[ManifestRow]]:
    groups: defaultdict[str, list[ManifestRow]] = defaultdict(list)
    try:
        with manifest.open(encoding="utf-8", newline="") as lines:
            for row in read_manifest(lines, str(manifest), data):
                if isinstance(row, ManifestRow) and row.site not in data.held_out_sites:
                    groups[row.case_id if scope == "case" else row.patient_id].append(row)
    except OSError as error:
        raise UserError(f"{manifest}: the manifest cannot be read ({error.strerror}).") from error
    if not groups:
        raise UserError(f"{manifest}: no image to show. Look at it with 'micle validate'.")
    return list(groups.values())
