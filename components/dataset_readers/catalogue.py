"""The readers there are."""

from components.dataset_readers.chexpert import ChexpertReader
from components.dataset_readers.class_folders import ClassFoldersReader
from components.dataset_readers.dicom_folder import DicomFolderReader
from components.dataset_readers.ham10000 import Ham10000Reader
from components.dataset_readers.image_folder import ImageFolderReader
from components.dataset_readers.isic_2019 import Isic2019Reader
from components.dataset_readers.isic_2020 import Isic2020Reader
from components.dataset_readers.mimic_cxr_jpg import MimicCxrJpgReader
from components.dataset_readers.nih_chestxray14 import NihChestXray14Reader
from components.dataset_readers.pad_ufes_20 import PadUfes20Reader
from components.dataset_readers.padchest import PadchestReader
from components.dataset_readers.reader import DatasetReader
from components.dataset_readers.scin import ScinReader
from components.dataset_readers.tfds_records import TfdsRecordsReader
from trainer.errors import UserError

READERS: tuple[DatasetReader, ...] = (
    ChexpertReader(),
    NihChestXray14Reader(),
    MimicCxrJpgReader(),
    PadchestReader(),
    ScinReader(),
    PadUfes20Reader(),
    Ham10000Reader(),
    Isic2019Reader(),
    Isic2020Reader(),
    ImageFolderReader(),
    ClassFoldersReader(),
    TfdsRecordsReader(),
    DicomFolderReader(),
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
