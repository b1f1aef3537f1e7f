"""Finds the files of images, without opening any."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from trainer.errors import UserError

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")


class ImageFinder:
    """Finds files by name in several folders; the folder of the last find is tried first.

    Published lists name the images in the order of the folders, so nearly every find takes one
    look.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        """Keeps those of the folders that are there.

        Args:
            folders: At least one, in order.
        """
        self._default = folders[0]
        self._folders = [folder for folder in folders if folder.is_dir()]

    def find(self, name: str) -> Path:
        """Returns the path of a file; one that is nowhere is given as if in the first folder.

        Such a row stays in the manifest, so that ingestion reports the missing image.
        """
        for position, folder in enumerate(self._folders):
            if (folder / name).is_file():
                self._folders.insert(0, self._folders.pop(position))
                return folder / name
        return self._default / name


def images_below(folder: Path) -> Iterator[Path]:
    """Yields the JPEG and PNG files below a folder, its own before those of its subfolders."""
    for path in files_below(folder):
        if path.name.lower().endswith(IMAGE_SUFFIXES) and not is_apple_double(path):
            yield path


def is_apple_double(path: Path) -> bool:
    """Returns whether macOS made a file to keep another's attributes: `._a.jpg` beside `a.jpg`.

    Archives and foreign disks hold them. They end like the other file, and are none of its kind.
    """
    return path.name.startswith("._")


def files_below(folder: Path) -> Iterator[Path]:
    """Yields all files below a folder in a fixed order, one folder in memory at a time.

    Links to folders are followed, none twice.

    Raises:
        UserError: A folder cannot be listed: nobody could tell how many images are missing.
    """

    def fail(error: OSError) -> None:
        raise UserError(
            f"{folder}: a folder in it cannot be listed ({error.strerror}). "
            "'find FOLDER -type d ! -readable' shows which: give the right to read it."
        ) from error

    followed = {os.path.realpath(folder)}

    def is_new(subfolder: Path) -> bool:
        if not subfolder.is_symlink():
            return True
        place = os.path.realpath(subfolder)
        is_first = place not in followed
        followed.add(place)
        return is_first

    for parent, subfolders, files in os.walk(folder, onerror=fail, followlinks=True):
        subfolders[:] = [name for name in sorted(subfolders) if is_new(Path(parent, name))]
        for name in sorted(files):
            yield Path(parent, name)
