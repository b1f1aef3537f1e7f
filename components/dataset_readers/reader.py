"""What a reader of a published collection is, says of itself, and yields."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Literal

from components.dataset_readers.file_report import FileReport
from components.dataset_readers.label_policy import LabelPolicy


@dataclass(frozen=True)
class DatasetCard:
    """What a collection is, in words for `micle datasets`.

    Attributes:
        name: Of the reader, on the command line.
        title: Of the collection.
        task: As in `DataSettings`; says which label columns the rows have.
        case: What is one case.
        patient: What is one patient.
        site: What is the site.
        view: What is the view.
        licence: Under which terms one may use it.
        where: Where to get it, in words.
        uncertain: What is uncertain in its labels; blank = nothing, and no policy is taken.
        unmentioned: Whether a finding may be left out of a label; says if that policy is taken.
        official_split: Which split is published; blank = none.
        writes_images: Whether the reader must write images beside the manifest.
        decodes_images: Whether it decodes them, in several processes.
        states_text: Whether its files say if their pixels hold text.
    """

    name: str
    title: str
    task: Literal["multi_class", "multi_label", "unlabelled"]
    case: str
    patient: str
    site: str
    view: str
    licence: str
    where: str
    uncertain: str = ""
    unmentioned: bool = False
    official_split: str = ""
    writes_images: bool = False
    decodes_images: bool = False
    states_text: bool = False


@dataclass(frozen=True)
class ImageRow:
    """One image and what the collection says of it; blank = not said.

    Attributes:
        image: Path from the working directory, or absolute.
        case_id: What a clinician would label once.
        patient_id: As published; it leaves ingestion, at the latest, as a keyed hash.
        site: Clinical site.
        view: Such as `PA`, `lateral`.
        sex: `female`, `male`, `other` or blank.
        age: Years.
        visit: Days since the patient's first visit, or the number of the visit where only that
            is published.
        split: `train`, `validation`, `test`, or blank = drawn by patient.
        text_in_pixels: Whether the pixels hold text, which may name the patient: `yes` or `no`.
        label: Multi-class: the class.
        findings: Multi-label: `1`, `0` or blank (unknown) for each of the reader's findings.
    """

    image: Path
    case_id: str
    patient_id: str
    site: str
    view: str = ""
    sex: str = ""
    age: str = ""
    visit: str = ""
    split: str = ""
    text_in_pixels: str = ""
    label: str = ""
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImageWriting:
    """What a reader that writes images needs.

    Attributes:
        folder: For the images.
        report: Takes in the files left out.
        processes: Number of processes that decode.
        key: Of the images' names, where these stand for identifiers; None = without a key.
    """

    folder: Path
    report: FileReport
    processes: int = 1
    key: bytes | None = None


@dataclass(frozen=True)
class ReaderChoices:
    """What a user decides about a reading.

    Attributes:
        labels: What becomes of uncertain and unmentioned findings.
        official_split: Give the published split; else every patient's split is drawn.
        writing: For a reader that writes images.
    """

    labels: LabelPolicy = field(default_factory=LabelPolicy)
    official_split: bool = False
    writing: ImageWriting | None = None


class DatasetReader(ABC):
    """Reads one published layout, one row at a time; memory does not grow with the images."""

    card: ClassVar[DatasetCard]
    findings: ClassVar[tuple[str, ...]] = ()
    """Multi-label: the columns of the findings, in the order of `ImageRow.findings`."""

    @abstractmethod
    def rows(self, source: Path, choices: ReaderChoices) -> Iterator[ImageRow]:
        """Yields a row per image.

        Args:
            source: Folder of the collection, as published.
            choices: Of the user.

        Raises:
            UserError: The folder does not have the published layout.
        """
