"""What became of every image and case of an input set."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

REPORT = "ingestion_report.json"


@dataclass(frozen=True)
class QuarantinedImage:
    """An image that was left out.

    Attributes:
        row: 1-based row in the manifest, header included (what a spreadsheet shows).
        image: Path as in the manifest. It stays in this artifact: reports show only counts.
        site: Clinical site.
        reason: Why, in a few words; the same words for the same cause: `cannot be decoded`.
        detail: More about this very image.
    """

    row: int
    image: str
    site: str
    reason: str
    detail: str


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
class IngestionReport:
    """The numbers of a flow diagram (STARD): received, quarantined, kept.

    Attributes:
        received_images: Rows of the manifest.
        received_cases: Distinct cases of the manifest.
        quarantined: Images left out, by row.
        lost_cases: Cases left without any image.
        counts: What was kept, by site and split.
    """

    received_images: int
    received_cases: int
    quarantined: tuple[QuarantinedImage, ...]
    lost_cases: int
    counts: tuple[SplitCount, ...]

    @property
    def bad_fraction(self) -> float:
        """Quarantined share of the received images."""
        return len(self.quarantined) / self.received_images if self.received_images else 0.0

    def write(self, directory: str) -> None:
        """Writes `ingestion_report.json` into a directory."""
        text = json.dumps(dataclasses.asdict(self), indent=2)
        Path(directory, REPORT).write_text(text + "\n")


def read_ingestion_report(directory: str) -> IngestionReport:
    """Reads `ingestion_report.json` from a directory."""
    values = json.loads(Path(directory, REPORT).read_text())
    values["quarantined"] = tuple(QuarantinedImage(**image) for image in values["quarantined"])
    values["counts"] = tuple(SplitCount(**count) for count in values["counts"])
    return IngestionReport(**values)
