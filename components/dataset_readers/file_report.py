"""Which files a reader left out or warns of, and why: counts for all to see, names in a CSV."""

import csv
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from trainer.errors import UserError

LEFT_OUT, WARNING = "left out", "warning"


@dataclass
class FileReport:
    """Collects what is wrong with files; names of files may identify patients, so none is printed.

    Attributes:
        path: CSV that names the files; made when there is something to say.
        max_bad_fraction: Largest share of files that may be left out.
        files: Number of files read, left out or not.
        passed_over: Number of files that are no pictures and were never meant to be read.
        unstated_text: Number of files that do not say whether text is burned into their pixels.
        left_out: Number of files by reason.
        warnings: Number of files by warning.
    """

    path: Path
    max_bad_fraction: float
    files: int = 0
    passed_over: int = 0
    unstated_text: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    def leave_out(self, file: Path, reason: str, detail: str = "") -> None:
        """Counts and names a file that gives no row."""
        self.left_out[reason] += 1
        self._write(file, LEFT_OUT, reason, detail)

    def warn(self, file: Path, reason: str) -> None:
        """Counts and names a file that gives rows all the same."""
        self.warnings[reason] += 1
        self._write(file, WARNING, reason, "")

    def check(self) -> None:
        """Ends a reading of which too much is left out.

        Raises:
            UserError: More than the largest share of files is.
        """
        bad = self.left_out.total()
        if bad > self.max_bad_fraction * self.files:
            raise UserError(
                f"{bad} of {self.files} files cannot be used, more than --max-bad-fraction "
                f"({self.max_bad_fraction:g}) allows. {self.path} names them with their reasons."
            )

    def lines(self) -> list[str]:
        """Returns the counts in words."""
        counts = [(LEFT_OUT, self.left_out), (WARNING, self.warnings)]
        lines = [
            f"{kind}: {count} of {self.files} files: {reason}"
            for kind, reasons in counts
            for reason, count in sorted(reasons.items())
        ]
        if lines:
            lines.append(f"{self.path} names these files.")
        if self.passed_over:
            lines.append(f"{self.passed_over} other files are no pictures and were passed over.")
        if self.unstated_text:
            lines.append(
                f"{self.unstated_text} files do not say whether text is burned into their pixels."
            )
        return lines

    def _write(self, file: Path, kind: str, reason: str, detail: str) -> None:
        first = self.left_out.total() + self.warnings.total() == 1
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("w" if first else "a", encoding="utf-8", newline="") as output:
            writer = csv.writer(output, lineterminator="\n")
            if first:
                writer.writerow(["file", "kind", "reason", "detail"])
            writer.writerow([file, kind, reason, detail])
