"""The readers there are."""

from components.dataset_readers.chexpert import ChexpertReader
from components.dataset_readers.ham10000 import Ham10000Reader
from components.dataset_readers.image_folder import ImageFolderReader
from components.dataset_readers.nih_chestxray14 import NihChestXray14Reader
from components.dataset_readers.reader import DatasetReader
from trainer.errors import UserError

READERS: tuple[DatasetReader, ...] = (
    ChexpertReader(),
    NihChestXray14Reader(),
    Ham10000Reader(),
    ImageFolderReader(),
)
"""In the order in which `micle datasets` lists them."""


def reader_named(name: str) -> DatasetReader:
    """Returns the reader of that name.

    Raises:
        UserError: There is none.
    """
    for reader in READERS:
        if reader.card.name == name:
            return reader
    names = ", ".join(reader.card.name for reader in READERS)
    raise UserError(f"{name}: no reader has this name. There are {names} (see 'micle datasets').")
