"""Counts by site, from the rows of a manifest."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from components.case_example_gen.manifest import ManifestRow, RowProblem
from components.case_example_gen.settings import DataSettings
from pipeline.row_store import RowStore
from schemas import case_features


@dataclass
class SiteContents:
    """What the manifest says of one site.

    Attributes:
        bad_rows: Rows that cannot be read.
        patients: Distinct identifiers.
        cases_by_images: Cases by their number of images.
        labelled_cases: Cases of which something is known.
        positives: Cases by class that have it.
        known: Cases by class of which it is known whether they have it.
        views: Images by view.
        sexes: Cases by sex.
        age_groups: Cases by age group.
        case_features: Cases by value of each further feature.
    """

    bad_rows: int = 0
    patients: int = 0
    cases_by_images: Counter[int] = field(default_factory=Counter)
    labelled_cases: int = 0
    positives: Counter[str] = field(default_factory=Counter)
    known: Counter[str] = field(default_factory=Counter)
    views: Counter[str] = field(default_factory=Counter)
    sexes: Counter[str] = field(default_factory=Counter)
    age_groups: Counter[str] = field(default_factory=Counter)
    case_features: defaultdict[str, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )

    @property
    def images(self) -> int:
        """Rows that can be read."""
        return sum(images * cases for images, cases in self.cases_by_images.items())

    @property
    def cases(self) -> int:
        """Distinct cases."""
        return self.cases_by_images.total()

    @property
    def several_image_cases(self) -> int:
        """Cases with more than one image: those that MICLe has two different views of."""
        return self.cases - self.cases_by_images[1]

    def add_case(self, rows: Sequence[ManifestRow], data: DataSettings) -> None:
        """Adds a case by all its rows; of sex, age and further features the first row's count."""
        first = rows[0]
        self.cases_by_images[len(rows)] += 1
        self.sexes[first.sex] += 1
        self.age_groups[case_features.age_group(first.age)] += 1
        for name, feature in zip(data.case_features, first.case_features, strict=True):
            self.case_features[name][feature] += 1
        self.views.update(row.view for row in rows)
        self.labelled_cases += any(row.labelled for row in rows)
        labels = {row.label for row in rows if row.label is not None}
        self.positives.update(labels)
        if labels:
            self.known.update(data.classes)
        values_of_classes = zip(*(row.findings for row in rows), strict=True)
        for name, values in zip(data.classes, values_of_classes, strict=False):
            if any(value is not None for value in values):
                self.known[name] += 1
            if any(value == 1 for value in values):
                self.positives[name] += 1

    def prevalence(self, name: str) -> float | None:
        """Returns the share of cases with a class among those of which it is known."""
        known = self.known[name]
        return self.positives[name] / known if known else None


@dataclass(frozen=True)
class ManifestContents:
    """What manifests say.

    Attributes:
        sites: By name, by falling number of cases.
        patients: Distinct identifiers at all of them.
    """

    sites: dict[str, SiteContents]
    patients: int


def count_sites(rows: Iterable[ManifestRow | RowProblem], data: DataSettings) -> ManifestContents:
    """Counts the rows of manifests; memory does not grow with them."""
    sites: defaultdict[str, SiteContents] = defaultdict(SiteContents)
    with RowStore() as store:
        for row in rows:
            if isinstance(row, RowProblem):
                sites[case_features.UNKNOWN].bad_rows += 1
            else:
                store.add(row)
        for case_rows in store.cases_by_site():
            sites[case_rows[0].site].add_case(case_rows, data)
        for site, patients in store.patients_by_site().items():
            sites[site].patients = patients
        patients = store.number_of_patients()
    ordered = sorted(sites.items(), key=lambda item: (-item[1].cases, item[0]))
    return ManifestContents(dict(ordered), patients)
