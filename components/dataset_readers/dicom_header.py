"""What may be known of a DICOM file: an allow-list; no other element of the header is read.

(What says how pixels are shown, group 0028 and the functional groups, is read with the pixels. Of
the functional groups only the laterality is looked at here.)

Attributes: DICOM PS3.3 (patient, study, general image and view modules) and PS3.6.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.multival import MultiValue
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from components.dataset_readers.study_dates import parse_date

ALLOWED = (
    "BurnedInAnnotation",
    "ImageLaterality",
    "InstitutionName",
    "IssuerOfPatientID",
    "Laterality",
    "Modality",
    "NumberOfFrames",
    "PatientAge",
    "PatientBirthDate",
    "PatientID",
    "PatientSex",
    "PerFrameFunctionalGroupsSequence",
    "Rows",
    "Columns",
    "SOPClassUID",
    "SOPInstanceUID",
    "SharedFunctionalGroupsSequence",
    "StudyDate",
    "StudyInstanceUID",
    "ViewCodeSequence",
    "ViewPosition",
)

_SEXES = {"F": "female", "M": "male", "O": "other"}
_VIEWS = {"LATERAL": "lateral", "postero-anterior": "PA", "antero-posterior": "AP"}
_SIDES = ("L", "R", "B", "U")
# Defined terms of PS3.3 C.8.1.1; what radiographers write; mammography (PS3.16 CID 4014); and the
# words of the codes' meanings.
_KNOWN_WORDS = """
    ap pa ll rl rld lld rlo llo
    lat lateral obl oblique lao rao lpo rpo axial lordotic decubitus supine prone erect upright
    standing sitting portable left right l r
    cc mlo ml lm lmo sio iso fb cv at xcc xccl xccm tan rolled cleavage axillary tail
    anteroposterior posteroanterior antero posterior postero anterior cranio caudal craniocaudal
    medio latero mediolateral lateromedial medial exaggerated view projection
"""
_VIEW_WORDS = frozenset(_KNOWN_WORDS.split())
_OTHER_VIEW = "other"
_DAYS_OF_UNIT = {"Y": 365.25, "M": 30.44, "W": 7.0, "D": 1.0}
_NO_PICTURES = ("SEG", "RTDOSE")
_OLDEST = 130
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00", b"\x00\x08")
"""With which group of elements a bare data set begins: 0002 or 0008, the latter in either order."""


@dataclass(frozen=True)
class DicomHeader:
    """The allowed part of a header; blank = not said.

    Attributes:
        issuer: `IssuerOfPatientID`: two hospitals may give the same number.
        patient_number: `PatientID`.
        study_id: `StudyInstanceUID`.
        instance_id: `SOPInstanceUID`.
        site: `InstitutionName`.
        study_date: `YYYYMMDD`; must leave the reader as an interval only.
        view: Laterality and view, such as `PA`, `L MLO`; `other` where it says anything else.
        sex: `female`, `male`, `other` or blank.
        age: Whole years at the study.
        burned_in: `YES`, `NO` or blank.
        pixels: Rows times columns; 0 = no picture (a report, a segmentation, a dose).
        frames: At least 1.
        transfer_syntax: Says how the pixels are compressed.
    """

    issuer: str
    patient_number: str
    study_id: str
    instance_id: str
    site: str
    study_date: str
    view: str
    sex: str
    age: str
    burned_in: str
    pixels: int
    frames: int
    transfer_syntax: UID


def read_header(path: Path) -> DicomHeader:
    """Reads the allowed elements of a file's header; its pixels are not read.

    Old archives hold bare data sets, without the preamble that says that a file is DICOM. Such a
    file is taken if it begins like one, and names its kind of object or the size of its picture.

    Raises:
        InvalidDicomError: The file is no DICOM.
        Exception: Of whatever kind pydicom raises on a broken file.
    """
    try:
        dataset = _read(path)
    except InvalidDicomError:
        if not _begins_like_a_data_set(path):
            raise
        dataset = _read(path, force=True)
        if "SOPClassUID" not in dataset and not ("Rows" in dataset and "Columns" in dataset):
            raise
    values = {keyword: _text(dataset, keyword) for keyword in ALLOWED}
    picture = values["Modality"] not in _NO_PICTURES
    return DicomHeader(
        issuer=values["IssuerOfPatientID"],
        patient_number=values["PatientID"],
        study_id=values["StudyInstanceUID"],
        instance_id=values["SOPInstanceUID"],
        site=values["InstitutionName"],
        study_date=values["StudyDate"],
        view=_view(values, dataset),
        sex=_SEXES.get(values["PatientSex"], ""),
        age=_age(values),
        burned_in=values["BurnedInAnnotation"].upper(),
        pixels=int(values["Rows"] or 0) * int(values["Columns"] or 0) if picture else 0,
        frames=max(1, int(values["NumberOfFrames"] or 1)),
        transfer_syntax=_transfer_syntax(dataset),
    )


def _read(path: Path, *, force: bool = False) -> Dataset:
    return pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(ALLOWED), force=force)


def _begins_like_a_data_set(path: Path) -> bool:
    """Keeps other files from pydicom, which takes any bytes for elements, and hours over some."""
    with path.open("rb") as file:
        head = file.read(8)
    # In zeros pydicom would see an empty element every eight bytes.
    return head[:2] in _FIRST_GROUPS and any(head[4:])


def _transfer_syntax(dataset: Dataset) -> UID:
    """Returns what the file states; a bare data set states nothing, but is not compressed."""
    stated = dataset.file_meta.get("TransferSyntaxUID")
    if stated:
        return UID(stated)
    implicit, little_endian = dataset.original_encoding
    if implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little_endian else ExplicitVRBigEndian


def _text(dataset: Dataset, keyword: str) -> str:
    if keyword.endswith("Sequence"):
        return ""
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, MultiValue):
        # As the file has it: a backslash between values.
        return "\\".join(str(part).strip() for part in value)
    return str(value).strip()


def _view(values: Mapping[str, str], dataset: Dataset) -> str:
    """Returns words that are known to say a view: into these elements anything can be typed."""
    position = values["ViewPosition"]
    codes = dataset.get("ViewCodeSequence")
    if not position and codes:
        position = _text(codes[0], "CodeMeaning")
    side = values["ImageLaterality"] or values["Laterality"] or _laterality_of_frames(dataset)
    side = side if side in _SIDES else ""
    words = re.findall(r"\w+", position.replace("_", " ").casefold())
    if not _VIEW_WORDS.issuperset(words):
        position = _OTHER_VIEW
    return " ".join(part for part in (side, _VIEWS.get(position, position)) if part)


def _laterality_of_frames(dataset: Dataset) -> str:
    """Enhanced files give it by frame (PS3.3, C.7.6.16.2.8); blank where frames disagree."""
    sides = {
        _text(anatomy, "FrameLaterality")
        for name in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")
        for group in dataset.get(name) or ()
        for anatomy in group.get("FrameAnatomySequence") or ()
    }
    sides.discard("")
    return sides.pop() if len(sides) == 1 else ""


def _age(values: Mapping[str, str]) -> str:
    """From `PatientAge` (`058Y`, `006M`); else from the dates of birth and study."""
    number, unit = values["PatientAge"][:-1], values["PatientAge"][-1:]
    if number.isdigit() and unit in _DAYS_OF_UNIT:
        years = int(number) if unit == "Y" else int(int(number) * _DAYS_OF_UNIT[unit] / 365.25)
    else:
        birth, study = parse_date(values["PatientBirthDate"]), parse_date(values["StudyDate"])
        if birth is None or study is None:
            return ""
        years = study.year - birth.year - ((study.month, study.day) < (birth.month, birth.day))
    return str(years) if 0 <= years <= _OLDEST else ""
