"""Dates leave a reader as intervals only: days since the patient's first study."""

from collections.abc import Iterable
from datetime import date


class StudyDates:
    """The first study of every patient; memory grows with the patients, not with the images."""

    def __init__(self, dates: Iterable[tuple[str, str]]) -> None:
        """Takes in all studies.

        Args:
            dates: Pairs of a patient and the date of a study, `YYYYMMDD`; others are passed over.
        """
        self._first: dict[str, date] = {}
        for patient, text in dates:
            day = parse_date(text)
            if day is not None:
                self._first[patient] = min(day, self._first.get(patient, day))

    def days(self, patient: str, text: str) -> str:
        """Returns the days from the patient's first study to this date; blank if it is no date.

        Blank too for a patient of whom no date was taken in.
        """
        day, first = parse_date(text), self._first.get(patient)
        return "" if day is None or first is None else str((day - first).days)


def parse_date(text: str) -> date | None:
    """Returns the day of `YYYYMMDD`; None if the text is no such date."""
    digits = text.strip()[:8]
    if len(digits) != 8 or not digits.isdigit():
        return None
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
