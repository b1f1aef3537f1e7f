"""A plain folder of images, such as ImageNet's (`train/n01440764/n01440764_10026.JPEG`)."""

from collections.abc import Iterator
from pathlib import Path

from components.dataset_readers.image_files import images_below
from components.dataset_readers.reader import (
    DatasetCard,
    DatasetReader,
    ImageRow,
    ReaderChoices,
)
from trainer.errors import UserError


class ImageFolderReader(DatasetReader):
    """Lists unlabelled images, for pretraining."""

    card = DatasetCard(
        name="image-folder",
        title="Any folder of JPEG and PNG images, such as ImageNet's",
        task="unlabelled",
        case="image",
        patient="image",
        site="one, 'natural'",
        view="none",
        licence="the images'",
        where="anywhere; ImageNet from its own site, after registration",
    )

    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields a row per file below the folder, files of a folder before its subfolders."""
        del choices
        if not source.is_dir():
            raise UserError(f"{source}: no such folder. Name the folder of the images.")
        empty = True
        for path in images_below(source):
            empty = False
            name = path.relative_to(source).as_posix()
            yield ImageRow(image=path, case_id=name, patient_id=name, site="natural")
        if empty:
            raise UserError(
                f"{source}: no .jpg, .jpeg or .png file in it. Name a folder of images."
            )
