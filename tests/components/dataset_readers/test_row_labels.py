"""Labels on their way into a manifest."""

from pathlib import Path

import pytest

from components.dataset_readers.reader import ImageRow
from components.dataset_readers.row_labels import LabelCounts, join_other_classes
from trainer.errors import UserError


def rows(*labels):
    return [ImageRow(Path("a.png"), "1", "1", "s", label=label) for label in labels]


def test_every_class_but_the_kept_ones_becomes_other_and_unlabelled_stays_so():
    joined = join_other_classes(rows("Eczema", "Scabies", "", "Acne"), ["Eczema", "Acne"])
    assert [row.label for row in joined] == ["Eczema", "Other", "", "Acne"]


def test_a_class_that_is_misspelt_is_named_with_those_there_are():
    with pytest.raises(UserError, match=r"labelled 'Eczma'\. The labels are Acne, Eczema\."):
        list(join_other_classes(rows("Eczema", "Acne", ""), ["Eczma"]))


def test_classes_are_counted_the_largest_first():
    counts = LabelCounts()
    assert len(list(counts.watch(rows("a", "b", "b", "")))) == 4
    assert counts.lines() == ["b: 2", "(unlabelled): 1", "a: 1"]


def test_findings_are_counted_by_value():
    counts = LabelCounts(("Edema", "Fracture"))
    values = [("1", ""), ("0", ""), ("1", "1")]
    list(counts.watch(ImageRow(Path("a"), "1", "1", "s", findings=v) for v in values))
    assert counts.lines() == [
        "Edema: 2 present, 1 absent, 0 unknown",
        "Fracture: 1 present, 0 absent, 2 unknown",
    ]
