"""DICOM files made for tests, with a header full of what must not get out."""

from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

SECRETS = {
    "PatientName": "Musterfrau^Erika",
    "PatientBirthDate": "19500612",
    "PatientAddress": "Heidestrasse 17",
    "ReferringPhysicianName": "Doktor^Eisenbart",
    "AccessionNumber": "ACC4711",
    "StudyDescription": "Thorax wegen Husten",
}


def dicom_dataset(pixels: np.ndarray, **elements: Any) -> Dataset:
    """Builds a file around stored values: [h, w], [frames, h, w] or, for colour, [h, w, 3]."""
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID = "1.2.3.4"
    dataset.Modality = "DX"
    dataset.PatientID = "P-0815"
    dataset.StudyDate = "20200305"
    for keyword, value in SECRETS.items():
        setattr(dataset, keyword, value)
    shape = pixels.shape[:2] if colour else pixels.shape[-2:]
    dataset.Rows, dataset.Columns = shape
    dataset.SamplesPerPixel = 3 if colour else 1
    dataset.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        dataset.PlanarConfiguration = 0
    if pixels.ndim == 3 and not colour:
        dataset.NumberOfFrames = len(pixels)
    dataset.BitsAllocated = dataset.BitsStored = 8 * pixels.itemsize
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def write_dicom(path: Path, pixels: np.ndarray, **elements: Any) -> Path:
    """Writes such a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    dicom_dataset(pixels, **elements).save_as(path, enforce_file_format=True)
    return path
