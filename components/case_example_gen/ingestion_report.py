"""What became of every image and case of an input set."""

import dataclasses
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import tensorflow as tf

from components.case_example_gen.cases import BEYOND_THE_LIMIT, HELD_OUT_PATIENT

REPORT = "ingestion_report.json"
FIRST_QUARANTINED = 1000
SOUND = (HELD_OUT_PATIENT, BEYOND_THE_LIMIT)


@dataclass(frozen=True)
class QuarantinedImage:
    """An image that was left out.

    Attributes:
        row: 1-based row in the manifest, header included (what a spreadsheet shows). It stands for
            the image, whose path may name a patient.
        site: Clinical site.
        reason: Why, in a few words; the same words for the same cause: `cannot be decoded`.
        detail: More about this very image.
        collection: Of whose manifest the row is: an external one's name; blank for the data set's.
    """

    row: int
    site: str
    reason: str
    detail: str
    collection: str = ""


@dataclass(frozen=True)
class QuarantineCount:
    """Images of one site that were left out for one reason."""

    reason: str
    site: str
    images: int


@dataclass(frozen=True)
class ConversionCount:
    """Images of one site that were kept after one change: a palette looked up, say."""

    change: str
    site: str
    images: int


@dataclass(frozen=True)
class TextCount:
    """Checked images of one site whose rows say that their pixels hold text."""

    site: str
    images: int


def count_quarantined(images: Iterable[QuarantinedImage]) -> tuple[QuarantineCount, ...]:
    """Returns the numbers by reason and site, sorted."""
    counted = Counter((image.reason, image.site) for image in images)
    return tuple(QuarantineCount(*key, number) for key, number in sorted(counted.items()))


@dataclass(frozen=True)
class SplitCount:
    """Cases, patients and images of one site in one split, after quarantine."""

    site: str
    split: str
    cases: int
    patients: int
    images: int
    labelled_cases: int
    several_image_cases: int


@dataclass(frozen=True)
class ReceivedCount:
    """Images, cases and patients that the manifests name at one site.

    A row that cannot be read is an image of the site `unknown`, and of no case or patient.
    """

    site: str
    images: int
    cases: int
    patients: int


@dataclass(frozen=True)
class IngestionReport:
    """The numbers of a flow diagram (STARD): received, quarantined, kept.

    Attributes:
        received_images: Rows of the manifest.
        received_cases: Distinct cases of the manifest.
        quarantined: Images left out, by reason and site.
        first_quarantined: The first of them by row, at most `FIRST_QUARANTINED`. All of them are
            in the files `quarantined-*.jsonl` beside the report.
        lost_cases: Cases left without any image.
        counts: What was kept, by site and split.
        received_patients: Distinct patients of the manifest; None in reports of older versions.
        kept_patients: Distinct patients of whom a case was kept; None likewise.
        converted: Checked images that were changed, by change and site; one may be in two counts.
        received: What was received, by site; a case or patient that two sites name is in both.
            Empty in reports of older versions.
        text_in_pixels: Checked images whose rows say that their pixels hold text, by site.
    """

    received_images: int
    received_cases: int
    quarantined: tuple[QuarantineCount, ...]
    first_quarantined: tuple[QuarantinedImage, ...]
    lost_cases: int
    counts: tuple[SplitCount, ...]
    received_patients: int | None = None
    kept_patients: int | None = None
    converted: tuple[ConversionCount, ...] = ()
    received: tuple[ReceivedCount, ...] = ()
    text_in_pixels: tuple[TextCount, ...] = ()

    @property
    def quarantined_images(self) -> int:
        """All images left out."""
        return sum(count.images for count in self.quarantined)

    @property
    def bad_images(self) -> int:
        """Images left out, but for sound ones that others crowd out."""
        return sum(n.images for n in self.quarantined if n.reason not in SOUND)

    @property
    def bad_fraction(self) -> float:
        """Share of the received images that are bad."""
        return self.bad_images / self.received_images if self.received_images else 0.0

    def write(self, directory: str) -> None:
        """Writes `ingestion_report.json` into a directory."""
        text = json.dumps(dataclasses.asdict(self), indent=2)
        tf.io.gfile.makedirs(directory)
        with tf.io.gfile.GFile(f"{directory}/{REPORT}", "w") as file:
            file.write(text + "\n")


def read_ingestion_report(directory: str) -> IngestionReport:
    """Reads `ingestion_report.json` from a directory."""
    with tf.io.gfile.GFile(f"{directory}/{REPORT}") as file:
        values = json.loads(file.read())
    values["quarantined"] = tuple(QuarantineCount(**count) for count in values["quarantined"])
    values["first_quarantined"] = tuple(
        # Earlier versions wrote the image's path.
        QuarantinedImage(**{name: value for name, value in image.items() if name != "image"})
        for image in values["first_quarantined"]
    )
    values["converted"] = tuple(ConversionCount(**count) for count in values.get("converted", ()))
    values["counts"] = tuple(SplitCount(**count) for count in values["counts"])
    values["received"] = tuple(ReceivedCount(**count) for count in values.get("received", ()))
    values["text_in_pixels"] = tuple(
        TextCount(**count) for count in values.get("text_in_pixels", ())
    )
    return IngestionReport(**values)
