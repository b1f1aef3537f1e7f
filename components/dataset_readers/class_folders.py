"""A folder of images for each class, such as ImageNet's `train` (`n01440764/*.JPEG`)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from components.dataset_readers.image_folder import ImageFolderReader
from components.dataset_readers.reader import (
    DatasetReader,
    ImageRow,
    ReaderChoices,
)
from trainer.errors import UserError


class ClassFoldersReader(DatasetReader):
    """Lists images with the first folder on their way as the class, for supervised pretraining."""

    card = replace(
        ImageFolderReader.card,
        name="class-folders",
        title="A folder of images for each class, such as the train folder of ImageNet",
        task="multi_class",
    )

    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields a row per file below the classes' folders.

        Raises:
            UserError: There is no image, or one that lies in no class' folder.
        """
        for row in ImageFolderReader().rows(source, choices):
            class_name, *rest = row.image.relative_to(source).parts
            if not rest:
                raise UserError(
                    f"{row.image}: lies in no folder of a class. Move it into one, or name the "
                    "folder whose sub-folders are the classes."
                )
            yield replace(row, label=class_name)
