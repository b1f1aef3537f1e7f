"""A folder of DICOM studies, of any depth and naming, such as an archive exports.

Only the header elements of `dicom_header.ALLOWED` are read; nothing of the header but what the
manifest's columns need goes on. Dates become days since the patient's first study.
"""

import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from components.dataset_readers.dicom_archive import DicomArchive
from components.dataset_readers.dicom_conversion import ConvertedFile, convert_file
from components.dataset_readers.dicom_header import DicomHeader, read_header
from components.dataset_readers.file_report import FileReport
from components.dataset_readers.image_files import files_below
from components.dataset_readers.ordered_map import ordered_map
from components.dataset_readers.reader import (
    DatasetCard,
    DatasetReader,
    ImageRow,
    ReaderChoices,
)
from trainer.errors import UserError

UNKNOWN_SITE = "unknown"
_TEXT_IN_PIXELS = {"YES": "yes", "NO": "no"}


class DicomFolderReader(DatasetReader):
    """Turns DICOM files into PNG images and their manifest.

    Every frame is an image of its study; of a clip of more than 16 frames, 16 evenly spaced ones
    are. Headers are read twice (the first time for what all tell together), pixels once.
    """

    card = DatasetCard(
        name="dicom-folder",
        title="Any folder of DICOM studies",
        task="unlabelled",
        case="study (StudyInstanceUID); every frame is an image of it, at most 16 of a clip",
        patient="PatientID, with IssuerOfPatientID where it is known",
        site="InstitutionName; 'unknown' where it is blank",
        view="laterality and ViewPosition (or ViewCodeSequence): PA, L MLO",
        licence="the hospital's",
        where="the hospital's picture archive",
        writes_images=True,
        decodes_images=True,
        states_text=True,
    )

    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields a row per frame taken, file by file."""
        if not source.is_dir():
            raise UserError(f"{source}: no such folder. Name the folder of the DICOM studies.")
        writing = choices.writing
        if writing is None:
            raise UserError("--images: is missing. Name the folder for the PNG images.")
        report = writing.report
        archive = DicomArchive(_headers(source))
        convert = partial(convert_file, folder=writing.folder, key=writing.key)
        images = 0
        for file in ordered_map(convert, files_below(source), writing.processes, _crashed):
            if file.passed_over:
                report.passed_over += 1
                continue
            report.files += 1
            if file.problem or file.header is None:
                report.leave_out(file.path, file.problem, file.detail)
                continue
            _warn_of_text(file, file.header, report)
            images += len(file.images)
            yield from _rows(file, file.header, archive)
        report.check()
        if not images:
            raise UserError(f"{source}: no DICOM image in it. Name the folder of the studies.")


def _crashed(path: Path) -> ConvertedFile:
    return ConvertedFile(path, problem="pixels cannot be decoded", detail="the decoder crashed")


def _rows(file: ConvertedFile, header: DicomHeader, archive: DicomArchive) -> Iterator[ImageRow]:
    for image in file.images:
        yield ImageRow(
            image=image,
            case_id=header.study_id,
            patient_id=archive.patient(header),
            site=archive.site(header) or UNKNOWN_SITE,
            view=header.view,
            sex=header.sex,
            age=archive.age(header),
            visit=archive.visit(header),
            text_in_pixels=_TEXT_IN_PIXELS.get(header.burned_in, ""),
        )


def _warn_of_text(file: ConvertedFile, header: DicomHeader, report: FileReport) -> None:
    if header.burned_in == "YES":
        report.warn(file.path, "text in the pixels may identify the patient (burned-in annotation)")
    elif header.burned_in != "NO":
        report.unstated_text += 1


def _headers(source: Path) -> Iterator[DicomHeader]:
    """Files that cannot be read are passed over here, and reported when their turn comes."""
    for path in files_below(source):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                header = read_header(path)
            except Exception:
                continue
        yield header
