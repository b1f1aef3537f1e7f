"""What only all headers of a folder of DICOM files tell together.

Machines of one hospital fill in the same patient and study differently: the issuer of a number here
and not there, a name in capitals, an age stated or only computed. Taken file by file, one patient
would become two, in two splits perhaps, and one study would contradict itself.
"""

from collections.abc import Iterable

from components.dataset_readers.dicom_header import DicomHeader
from components.dataset_readers.study_dates import StudyDates


class DicomArchive:
    """Patients, sites, ages and first dates; memory grows with patients and studies, not files."""

    def __init__(self, headers: Iterable[DicomHeader]) -> None:
        """Takes in all headers."""
        self._issuers: dict[str, set[str]] = {}
        self._sites: dict[str, str] = {}
        self._ages: dict[str, str] = {}
        written = dict.fromkeys(self._take_in(header) for header in headers)
        self._dates = StudyDates(
            (self._patient(issuer, number), date) for issuer, number, date in written
        )

    def patient(self, header: DicomHeader) -> str:
        """Returns a patient's number, behind its issuer if that is known.

        A number without an issuer is that of the only issuer who has given it, if there is one.
        """
        return self._patient(header.issuer, header.patient_number)

    def site(self, header: DicomHeader) -> str:
        """Returns a site as it was spelled first, whatever its capitals and blanks."""
        return self._sites.get(_plain(header.site), header.site)

    def age(self, header: DicomHeader) -> str:
        """Returns the age that a study's first file gives."""
        return self._ages.get(header.study_id, header.age)

    def visit(self, header: DicomHeader) -> str:
        """Returns the days since the patient's first study; blank without a date."""
        return self._dates.days(self.patient(header), header.study_date)

    def _take_in(self, header: DicomHeader) -> tuple[str, str, str]:
        issuers = self._issuers.setdefault(header.patient_number, set())
        if header.issuer:
            issuers.add(header.issuer)
        self._sites.setdefault(_plain(header.site), " ".join(header.site.split()))
        if header.age:
            self._ages.setdefault(header.study_id, header.age)
        return header.issuer, header.patient_number, header.study_date

    def _patient(self, issuer: str, number: str) -> str:
        issuers = self._issuers.get(number, set())
        if not issuer and len(issuers) == 1:
            [issuer] = issuers
        return f"{issuer}/{number}" if issuer else number


def _plain(site: str) -> str:
    return " ".join(site.split()).casefold()
