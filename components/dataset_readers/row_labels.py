"""Labels of rows on their way into a manifest: rare classes joined into one, and a count of all."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from components.dataset_readers.label_policy import ABSENT, PRESENT, UNKNOWN
from components.dataset_readers.reader import ImageRow
from trainer.errors import UserError

OTHER = "Other"


def join_other_classes(rows: Iterable[ImageRow], kept: Collection[str]) -> Iterator[ImageRow]:
    """Yields the rows with every label but the kept ones turned into `Other`.

    Args:
        rows: Of a multi-class collection; unlabelled ones stay so.
        kept: Names of classes.

    Raises:
        UserError: A kept class has no image, at the end of the rows.
    """
    seen: set[str] = set()
    for row in rows:
        seen.add(row.label)
        yield row if row.label in kept or not row.label else replace(row, label=OTHER)
    absent = sorted(set(kept) - seen)
    if absent:
        raise UserError(
            f"--class: no image is labelled '{absent[0]}'. The labels are "
            f"{', '.join(sorted(seen - {''}))}."
        )


@dataclass
class LabelCounts:
    """Counts labels of the rows that pass through it.

    Attributes:
        findings: Names, if the collection is multi-label.
        classes: Images by class; blank = unlabelled.
        values: Images by finding and value.
    """

    findings: tuple[str, ...] = ()
    classes: Counter[str] = field(default_factory=Counter)
    values: Counter[tuple[str, str]] = field(default_factory=Counter)

    def watch(self, rows: Iterable[ImageRow]) -> Iterator[ImageRow]:
        """Yields the rows as they are."""
        for row in rows:
            if self.findings:
                self.values.update(zip(self.findings, row.findings, strict=True))
            else:
                self.classes[row.label] += 1
            yield row

    def lines(self) -> list[str]:
        """Returns a line per finding, or per class that has images, the largest first."""
        lines = [
            f"{finding}: {self.values[finding, PRESENT]} present, "
            f"{self.values[finding, ABSENT]} absent, {self.values[finding, UNKNOWN]} unknown"
            for finding in self.findings
        ]
        ordered = sorted(self.classes.items(), key=lambda item: (-item[1], item[0]))
        return lines + [f"{name or '(unlabelled)'}: {count}" for name, count in ordered]
