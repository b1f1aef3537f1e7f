"""Counts by site, from the rows of a manifest."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from components.case_example_gen.manifest import ManifestRow, RowProblem
from components.case_example_gen.settings import DataSettings
from schemas import case_features


@dataclass
class SiteContents:
    """What the manifest says of one site.

    Attributes:
        images: Rows.
        bad_rows: Rows that cannot be read.
        patients: Distinct identifiers; counted, never shown.
        images_of_case: Images by case.
        labelled_cases: Cases of which something is known.
        positives: Cases by class that have it.
        known: Cases by class of which it is known whether they have it.
        views: Images by view.
        sexes: Cases by sex.
        age_groups: Cases by age group.
        case_features: Cases by value of each further feature.
    """

    images: int = 0
    bad_rows: int = 0
    patients: set[str] = field(default_factory=set)
    images_of_case: Counter[str] = field(default_factory=Counter)
    labelled_cases: set[str] = field(default_factory=set)
    positives: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    known: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    views: Counter[str] = field(default_factory=Counter)
    sexes: Counter[str] = field(default_factory=Counter)
    age_groups: Counter[str] = field(default_factory=Counter)
    case_features: defaultdict[str, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )

    @property
    def cases(self) -> int:
        """Distinct cases."""
        return len(self.images_of_case)

    @property
    def several_image_cases(self) -> int:
        """Cases with more than one image: those that MICLe has two different views of."""
        return sum(images > 1 for images in self.images_of_case.values())

    def add(self, row: ManifestRow, data: DataSettings) -> None:
        """Adds a row."""
        classes = data.classes
        if row.case_id not in self.images_of_case:
            self.sexes[row.sex] += 1
            self.age_groups[case_features.age_group(row.age)] += 1
            for name, feature in zip(data.case_features, row.case_features, strict=True):
                self.case_features[name][feature] += 1
        self.images += 1
        self.images_of_case[row.case_id] += 1
        self.patients.add(row.patient_id)
        self.views[row.view] += 1
        if row.labelled:
            self.labelled_cases.add(row.case_id)
        if row.label is not None:
            self.positives[row.label].add(row.case_id)
            for name in classes:
                self.known[name].add(row.case_id)
        for name, value in zip(classes, row.findings, strict=False):
            if value is not None:
                self.known[name].add(row.case_id)
            if value == 1:
                self.positives[name].add(row.case_id)

    def prevalence(self, name: str) -> float | None:
        """Returns the share of cases with a class among those of which it is known."""
        known = len(self.known[name])
        return len(self.positives[name]) / known if known else None


def count_sites(
    rows: Iterable[ManifestRow | RowProblem], data: DataSettings
) -> dict[str, SiteContents]:
    """Returns the contents by site, sites by falling number of cases."""
    sites: defaultdict[str, SiteContents] = defaultdict(SiteContents)
    for row in rows:
        if isinstance(row, RowProblem):
            sites[row.site or case_features.UNKNOWN].bad_rows += 1
        else:
            sites[row.site].add(row, data)
    ordered = sorted(sites.items(), key=lambda item: (-item[1].cases, item[0]))
    return dict(ordered)
