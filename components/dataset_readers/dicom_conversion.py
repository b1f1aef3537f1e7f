"""One DICOM file into PNG images, and what went wrong with it."""

import hashlib
import hmac
import os
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from components.case_example_gen.images import MAX_PIXELS
from components.dataset_readers.dicom_frames import chosen_frames, read_frames
from components.dataset_readers.dicom_header import DicomHeader, read_header
from components.dataset_readers.image_files import is_apple_double

_MAGIC, _MAGIC_OFFSET = b"DICM", 128


@dataclass(frozen=True)
class ConvertedFile:
    """What became of one file.

    Attributes:
        path: Of the DICOM file.
        header: None if it could not be read.
        images: PNG files, one per frame taken.
        problem: Why there is no image; blank = nothing is wrong.
        detail: More on the problem; never a value of the header.
        passed_over: The file is not meant to have a picture: no DICOM, a report, a segmentation.
    """

    path: Path
    header: DicomHeader | None = None
    images: tuple[Path, ...] = ()
    problem: str = ""
    detail: str = ""
    passed_over: bool = False


def convert_file(path: Path, folder: Path, key: bytes | None = None) -> ConvertedFile:
    """Writes the frames of a file as PNG images; those that are there already are kept.

    Args:
        path: Any file.
        folder: For the images. Their names are hashes of patient, study and instance, so they say
            nothing.
        key: Of these hashes; None takes plain ones, by which whoever knows all three finds them.
    """
    if is_apple_double(path):
        return ConvertedFile(path, passed_over=True)
    # Anything may be wrong in a file, and pydicom raises whatever Python does then. What its
    # exceptions and warnings say may quote the header, so only their type is kept.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            header = read_header(path)
        except Exception as error:
            if not _claims_to_be_dicom(path):
                return ConvertedFile(path, passed_over=True)
            return ConvertedFile(path, problem="no readable header", detail=type(error).__name__)
        if not header.pixels:
            return ConvertedFile(path, header, passed_over=True)
        problem = _missing(header)
        if problem:
            return ConvertedFile(path, header, problem=problem)
        try:
            return ConvertedFile(path, header, images=_write_frames(path, header, folder, key))
        except Exception as error:
            detail = f"{type(error).__name__} ({header.transfer_syntax.name})"
            return ConvertedFile(path, header, problem="pixels cannot be decoded", detail=detail)


def _claims_to_be_dicom(path: Path) -> bool:
    if path.suffix.lower() in (".dcm", ".dicom"):
        return True
    try:
        with path.open("rb") as file:
            file.seek(_MAGIC_OFFSET)
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


def _missing(header: DicomHeader) -> str:
    if not header.patient_number:
        return "no PatientID"
    if not (header.study_id and header.instance_id):
        return "no StudyInstanceUID or SOPInstanceUID"
    return "too large" if header.pixels > MAX_PIXELS else ""


def _hash(content: bytes, key: bytes | None) -> str:
    if key is None:
        return hashlib.sha256(content).hexdigest()
    return hmac.new(key, content, hashlib.sha256).hexdigest()


def _write_frames(
    path: Path, header: DicomHeader, folder: Path, key: bytes | None
) -> tuple[Path, ...]:
    # The instance alone should tell, but archives hold files that were given another's.
    identity = "\0".join(
        (header.issuer, header.patient_number, header.study_id, header.instance_id)
    )
    name = _hash(identity.encode(), key)[:32]
    indices = chosen_frames(header.frames)
    images = [folder / name[:2] / f"{name}-{index:04d}.png" for index in indices]
    if all(image.is_file() for image in images):
        return tuple(images)
    images[0].parent.mkdir(parents=True, exist_ok=True)
    frames = read_frames(path, indices, header.transfer_syntax)
    for image, frame in zip(images, frames, strict=True):
        partial = image.with_name(f"{image.name}.{os.getpid()}.partial")
        Image.fromarray(frame).save(partial, "PNG", compress_level=1)
        partial.replace(image)
    return tuple(images)
